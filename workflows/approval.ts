import { ApplicationFailure, CancelledFailure } from '@temporalio/workflow';
import type { Change, ChangeEnd } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';

/** A change that was asked for and is open. */
export interface Approval<Output extends JsonObject = JsonObject> {
  /** The change's id, a UUID. */
  readonly id: string;
  /** Where people find and decide it; null where the service was not told of such a place (`CONSOLE_URL`). */
  readonly url: string | null;
  /**
   * Waits until people have approved the change and it has run: an approved change runs by itself.
   *
   * @throws NotApproved, NotExecuted, OutcomeUnknown, CallStarted, each with the change
   * @throws CancelledFailure when the caller was cancelled, is to withdraw, and nothing was called; details: the change. To a
   * call that shares its key with an earlier one in another scope: as soon as it is cancelled, without details; the change stays
   */
  result(): Promise<Approved<Output>>;
}

/** A change that has run. */
export interface Approved<Output extends JsonObject = JsonObject> {
  readonly change: Change;
  /** What the call answered; null where its answer was lost and the target shows that it had worked. */
  readonly output: Output | null;
}

/** A change that came to something else than a success. */
abstract class Ended extends ApplicationFailure {
  /** The change as it ended. */
  readonly change: Change;
  constructor(type: string, change: Change) {
    super(change.outcome?.message ?? change.decisionStatus, type, true, [change]);
    this.change = change;
  }
}

/** People said no, nobody said yes in time, or it was withdrawn or refused; type `not_approved`. */
export class NotApproved extends Ended {
  constructor(change: Change) {
    super('not_approved', change);
  }
}

/** It was approved, and its call was not made or failed; type `not_executed`. */
export class NotExecuted extends Ended {
  constructor(change: Change) {
    super('not_executed', change);
  }
}

/** A call was made, and nobody can tell what it did; type `outcome_unknown`. */
export class OutcomeUnknown extends Ended {
  constructor(change: Change) {
    super('outcome_unknown', change);
  }
}

/** The caller was cancelled after the call had begun, and the call succeeded; type `call_started`. */
export class CallStarted extends Ended {
  constructor(change: Change) {
    super('call_started', change);
  }
}

/** The change that a failure of {@link Approval.result} tells of; null for any other error. */
export function changeOf(error: unknown): Change | null {
  if (error instanceof Ended) return error.change;
  if (!(error instanceof CancelledFailure)) return null;
  const [change] = error.details as [Partial<Change>?];
  return typeof change?.decisionStatus === 'string' ? (change as Change) : null;
}

/**
 * What a host hears of a change's end.
 *
 * @param isCancelled - whether the host was cancelled meanwhile, and its change was to be withdrawn
 * @throws the failures of {@link Approval.result}
 */
export function outcomeOf<Output extends JsonObject>(
  { change, output }: ChangeEnd,
  isCancelled: boolean,
): Approved<Output> {
  const { decisionStatus, executionStatus, outcome } = change;
  if (executionStatus === 'succeeded') {
    if (isCancelled) throw new CallStarted(change);
    return { change, output: output as Output | null };
  }
  if (isCancelled && (executionStatus === 'not_started' || executionStatus === 'cancelled'))
    throw new CancelledFailure(outcome?.message ?? decisionStatus, [change]);
  if (executionStatus === 'outcome_unknown') throw new OutcomeUnknown(change);
  throw decisionStatus === 'approved' ? new NotExecuted(change) : new NotApproved(change);
}
