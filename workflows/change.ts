import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { LogActivities } from '../activities/contract.ts';
import type { Change, ChangeRequest } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import { newChange, next, withNobody, withRound } from '../domain/change-state.ts';
import { personActor, workerActor } from '../domain/entry.ts';
import { isoTime } from '../domain/time.ts';
import { close } from './closing.ts';
import { awaitDecisions, lapse, roundSince } from './decision-time.ts';
import { afterCalls, endOfDecision, settled, whyStopped } from './ending.ts';
import { execute } from './execution.ts';
import type { Executed } from './execution.ts';
import { recordOptions } from './record-options.ts';
import { handleRequests } from './request-handlers.ts';
import { stateQuery, submittedUpdate } from './messages.ts';
import { scheduledByRule } from './scheduling.ts';
import { signedMembers } from './turn.ts';
import { handOver, tell } from './notice.ts';
import { makeRun } from './run.ts';
import type { Ended, Run } from './run.ts';
import { precheck } from './precheck.ts';

// Ordinary ones: their input is in the history before they run, so whatever is killed, a repeat carries the same bytes.
const log = proxyActivities<Pick<LogActivities, 'recordChange'>>(recordOptions);
// A local one saves a round trip; everything in its entry was fixed by the request, its time too.
const { openChange } = proxyLocalActivities<Pick<LogActivities, 'openChange'>>(recordOptions);

/** The longest time that a change may have, ms. */
const longestMs = 366 * 86_400_000;

/**
 * One change request from its submission to its one final outcome. Answers the change at its end; fails, with nothing
 * written, when another change holds the target or the key.
 *
 * @throws ApplicationFailure whose type is a code: `invalid_request`, `region_not_served`, `open_change_exists`, `key_reused`, `review_owed`,
 * `policy_revoked`, `integrity_conflict`
 */
export async function change(request: ChangeRequest): Promise<Change> {
  const run = makeRun(newChange(request), request, log);
  setHandler(stateQuery, () => run.change);
  const opening = open(run, request);
  setHandler(submittedUpdate, () => opening);
  handleRequests(run);
  const { changeId, known } = await settleHandlers(opening);
  if (known) throw failure('key_reused', `the key belongs to change ${changeId}`, changeId);

  const end = await afterCalls(run, await untilEnd(run));
  // A decision that was accepted is recorded before the change closes.
  await condition(() => run.recording === 0);
  run.change = await close(run, end);
  run.showStatus();
  tell(run, 'closed');
  await handOver(run);
  await condition(allHandlersFinished);
  return run.change;
}

async function open(run: Run, request: ChangeRequest): Promise<{ changeId: string; known: boolean }> {
  if (workflowInfo().workflowId !== `change-${request.id}`) {
    throw failure('invalid_request', `${request.id} is another change than this workflow's`, request.id);
  }
  // Else its approval would come to a moment that no clock has.
  if (!(request.executeWithinMs >= 0 && request.executeWithinMs <= longestMs)) {
    throw failure('invalid_request', 'executeWithinMs: expected 0 to 366 days', request.id);
  }
  const {
    input,
    justification,
    breakGlass,
    submittedAt,
    decideBy,
    executeAfter,
    executeBy,
    source,
    submission,
  } = request;
  const requested = run.entry(
    run.change,
    'change.requested',
    personActor(request.requester),
    {
      input,
      justification,
      breakGlass,
      // Whole, so that whoever has the log can tell whether it was satisfied.
      pinnedPolicy: run.change.policy as unknown as JsonObject,
      submittedAt,
      decideBy,
      executeAfter,
      executeBy,
      idempotencyKey: request.idempotency?.key ?? null,
      source,
      ...(submission ? signedMembers(submission) : {}),
    },
    submittedAt,
  );
  const opened = await openChange({
    change: run.change,
    entries: [requested],
    idempotency: request.idempotency,
    submission: request.submission,
  });
  if (opened.kind === 'invalid') {
    throw failure(opened.code ?? 'invalid_request', opened.message, request.id);
  }
  if (opened.kind === 'policy_revoked') {
    throw failure('policy_revoked', 'the policy was revoked', request.id);
  }
  if (opened.kind === 'review_owed') {
    throw failure(
      'review_owed',
      `change ${opened.changeId} has broken the glass before, and its review is not signed yet`,
      opened.changeId,
    );
  }
  if (opened.kind === 'target_taken') {
    throw failure('open_change_exists', `change ${opened.changeId} is open on this target`, opened.changeId);
  }
  if (opened.kind === 'key_reused') {
    throw failure(
      'key_reused',
      `the key belongs to change ${opened.changeId}, with another body`,
      opened.changeId,
    );
  }
  run.notifies = opened.notifies ?? false;
  return { changeId: opened.changeId, known: opened.kind === 'known' };
}

/** Rounds of approval and execution until the change has an end. */
async function untilEnd(run: Run): Promise<Ended> {
  for (;;) {
    const checked = await precheck(run);
    if (checked.kind === 'ended') return checked.end;
    run.change = withRound(run.change, checked.snapshot, checked.digest);
    run.approvals = [];
    await scheduleWithNobody(run);
    const executed = await decideAndExecute(run);
    if (executed.kind === 'ended') return executed.end;
    await run.record([run.entry(run.change, 'change.drifted', workerActor, { message: executed.message })]);
  }
}

/** One round's decisions and its execution; approvers who have left meanwhile are replaced on the same digest. */
async function decideAndExecute(run: Run): Promise<Exclude<Executed, { kind: 'lapsed' }>> {
  for (let since = roundSince(run.change); ; since = isoTime(Date.now())) {
    await awaitDecisions(run, since);
    if (run.change.decisionStatus === 'pending') return { kind: 'ended', end: expired(run) };
    if (run.change.decisionStatus !== 'approved') return { kind: 'ended', end: endOfDecision(run) };
    tell(run, run.change.breakGlass ? 'break_glass' : 'decided');
    if (run.standing === 'paused' && run.change.executionStatus !== 'paused') {
      // Said before people had to be asked again: it still holds.
      run.change = next(run.change, { executionStatus: 'paused' });
      await run.record([]);
    }
    const executed = await execute(run);
    const why = whyStopped(run);
    if (executed.kind !== 'ended' && why) return { kind: 'ended', end: await settled(run, why) };
    if (executed.kind !== 'lapsed') return executed;
    await lapse(run, executed.reevaluation);
  }
}

/** A standard change, or a broken glass that asks nobody, is approved by its policy. */
async function scheduleWithNobody(run: Run): Promise<void> {
  const approved = withNobody(run.change, run.executeWithinMs, Date.now());
  if (approved === null) return;
  run.change = approved;
  await run.record(scheduledByRule(run, approved));
}

function expired(run: Run): Ended {
  return {
    decisionStatus: 'expired',
    outcome: { code: 'decide_by_passed', message: `nobody decided before ${run.change.decideBy}` },
    tells: [{ type: 'change.expired', members: { decideBy: run.change.decideBy } }],
  };
}

/** A failed opening must reach the waiting update before the run fails. */
async function settleHandlers<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    await condition(allHandlersFinished);
    throw error;
  }
}

function failure(code: string, message: string, changeId: string): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message, nonRetryable: true, details: [{ changeId }] });
}
