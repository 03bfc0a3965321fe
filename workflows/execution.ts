import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  proxyActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { CallResult, GatedCall, LogActivities } from '../activities/contract.ts';
import { next } from '../domain/change-state.ts';
import type { Closure } from '../domain/closure.ts';
import { workerActor } from '../domain/entry.ts';
import { isoTime } from '../domain/time.ts';
import type { Reevaluation } from '../domain/reevaluation.ts';
import type { SignedRequest } from '../domain/change.ts';
import type { SignedStatement } from '../domain/statement.ts';
import type { ExecutionStatus } from '../domain/status.ts';
import { settled, success, whyStopped } from './ending.ts';
import { failedCallOf } from './precheck.ts';
import { vendorTaskQueue } from './messages.ts';
import type { Ended, Run } from './run.ts';
import { hearIfItFits } from './words.ts';

/** What an execution came to: an end, a target that is no longer the approved one, or approvers who have left since. */
export type Executed =
  | { kind: 'ended'; end: Ended }
  | { kind: 'drifted'; message: string; called: boolean }
  | { kind: 'lapsed'; reevaluation: Reevaluation };

type Closed = Extract<CallResult, { kind: 'closed' }>;
type Stopped = Extract<CallResult, { kind: 'stopped' }>;

/**
 * How long an answer may wait in its worker until the log takes it, execute-by or not: it exists nowhere else. A worker
 * that is lost is noticed by its heartbeats, so nothing else waits that long.
 */
const recordedWithinMs = 3_600_000;

const { gate } = proxyActivities<Pick<LogActivities, 'gate'>>({
  startToCloseTimeout: '15 seconds',
  // Where it is closed the activity itself says how long to wait.
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

/**
 * From approval to an outcome: waits for the earliest moment and for a pause to end, makes the call with Temporal's own
 * retries until execute-by, and says what came of it.
 */
export async function execute(run: Run): Promise<Executed> {
  const stopped = () => whyStopped(run) !== null;
  const { executeAfter, executeBy } = run.change;
  if (executeAfter !== null && Date.parse(executeAfter) > Date.now()) {
    await run.waitUntil(stopped, earlier(executeAfter, executeBy));
  }
  let held: Closure | null = null;
  for (;;) {
    await run.waitUntil(() => stopped() || run.standing !== 'paused', executeBy);
    const why = whyStopped(run);
    if (why) return { kind: 'ended', end: await settled(run, why) };
    if (passed(executeBy)) return { kind: 'ended', end: await settled(run, lateOf(held)) };

    run.retryAsked = false;
    run.callStarted = true;
    run.change = next(run.change, { executionStatus: 'running' });
    const heard = run.change.stopWords;
    const result = await call(run);
    if (result.kind === 'drifted') {
      // Nothing was called yet, so the next round may be withdrawn like the first.
      run.callStarted = result.called;
      return result;
    }
    if (result.kind === 'lapsed') {
      run.callStarted = false;
      return result;
    }
    if (result.kind === 'ended') return result;
    if (result.kind === 'stopped') {
      await hearAll(run, result.words, heard);
      continue;
    }
    if (result.kind === 'closed') {
      await hold(run, result, held);
      held = result.why;
      continue;
    }
    held = null;
    // Interrupted between attempts: by an operator's word, or because execute-by has passed.
  }
}

/**
 * Words that the workflow had not heard when they kept a call from beginning.
 *
 * @param heard - how many it had heard when it asked for the call
 */
async function hearAll(run: Run, words: readonly SignedRequest[], heard: number): Promise<void> {
  for (const word of words) await hearIfItFits(run, word);
  if (run.standing !== 'going') return;
  // More was said, and heard, while this answer was on its way: a pause that it tells of is over.
  const { ordinal: last = 0 } = words.at(-1) ?? {};
  if (last >= heard && run.change.stopWords > last) return;
  // Postgres knows of a pause that the workflow takes to be over: somebody has spoken to it past the API. It holds.
  run.standing = 'paused';
  run.change = next(run.change, { executionStatus: 'paused' });
}

/** Waits in the gate; a change whose call was never made may be withdrawn meanwhile. */
async function hold(run: Run, { why, called }: Closed, before: Closure | null): Promise<void> {
  run.callStarted = called;
  // An operator may have paused it while the answer came: then it rests first, and is told of its freeze afterwards.
  if (isInterrupted(run, 'running')) return;
  run.change = next(run.change, { executionStatus: 'scheduled' });
  const interrupted = () => isInterrupted(run, 'scheduled');
  if (before && before.freezeId === why.freezeId && before.until === why.until) {
    // The gate was open by one worker's clock and is closed by another's: this passes, and was told of.
    await run.waitUntil(interrupted, isoTime(Date.now() + 1000));
  } else {
    await run.record([run.entry(run.change, 'change.held', workerActor, { held: { ...why } })]);
  }
  await run.unless(interrupted, run.change.executeBy, () => gate({ change: run.change }));
}

async function call(run: Run): Promise<Executed | Closed | Stopped | { kind: 'interrupted' }> {
  const executeBy = Date.parse(run.change.executeBy ?? '');
  // The activity has the operation's own name: what carries it out, only the worker knows.
  const calls = proxyActivities<Record<string, GatedCall>>({
    taskQueue: vendorTaskQueue,
    startToCloseTimeout: recordedWithinMs,
    // No attempt begins after execute-by: it is cancelled then, below, and one that is under way has its answer recorded.
    scheduleToCloseTimeout: Math.max(0, executeBy - Date.now()) + recordedWithinMs,
    heartbeatTimeout: '15 seconds',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: '500 milliseconds',
      backoffCoefficient: 2,
      maximumInterval: '1 minute',
      nonRetryableErrorTypes: ['permanent', 'bad_signature', 'integrity_conflict'],
    },
  });
  const gatedCall = calls[run.change.operation] as GatedCall;
  try {
    const result: CallResult | undefined = await run.unless(
      () => isInterrupted(run, 'running'),
      run.change.executeBy,
      () => gatedCall({ change: run.change, approvals: approvalsOf(run) }),
    );
    if (result === undefined) return { kind: 'interrupted' };
    if (result.kind !== 'succeeded') return result;
    const { requestId, reconciled } = result;
    return { kind: 'ended', end: success(requestId, reconciled) };
  } catch (error) {
    // A call that was under way when it was interrupted, and that failed: Temporal does not repeat what is cancelled.
    if (error instanceof ActivityFailure && isInterrupted(run, 'running') && !isFinalAnswer(error))
      return { kind: 'interrupted' };
    // Execute-by has passed while a call was under way, or the log could not be written for too long.
    if (error instanceof ActivityFailure && gaveUpInTime(error)) {
      return { kind: 'ended', end: await settled(run, late) };
    }
    return { kind: 'ended', end: { executionStatus: 'failed', outcome: failedCallOf(error) } };
  }
}

/** What the worker asks for before a call: signed approvals, or, where nobody approves, the signed submission. */
function approvalsOf({ approvals, submission }: Run): readonly SignedStatement[] {
  return submission === null ? approvals : [...approvals, submission];
}

/** Whether somebody has said something since the change took this execution status. */
function isInterrupted({ standing, retryAsked, change }: Run, status: ExecutionStatus): boolean {
  return standing !== 'going' || retryAsked || change.executionStatus !== status;
}

/** The vendor's word that a repeat is of no use. */
function isFinalAnswer({ cause }: ActivityFailure): boolean {
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}

function gaveUpInTime(error: ActivityFailure): boolean {
  const { cause } = error;
  return cause instanceof TimeoutFailure || (cause instanceof ApplicationFailure && !isFinalAnswer(error));
}

const late = { code: 'execute_by_passed', message: 'no further call was possible before execute-by' };

/** Too late, and what had kept the change from running last. */
function lateOf(held: Closure | null): { code: string; message: string } {
  return held ? { ...late, message: `${late.message}; held by a ${held.kind}: ${held.reason}` } : late;
}

function earlier(a: string, b: string | null): string {
  return b !== null && Date.parse(b) < Date.parse(a) ? b : a;
}

function passed(moment: string | null): boolean {
  return moment !== null && Date.now() >= Date.parse(moment);
}
