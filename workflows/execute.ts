import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  proxyActivities,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { CallInput, CallResult, FailedCall, LogActivities } from '../activities/contract.ts';
import type { SignedRequest } from '../domain/change.ts';
import { isSameBlock } from '../domain/block.ts';
import type { Block } from '../domain/block.ts';
import { endOfSuccess } from '../domain/end.ts';
import type { End } from '../domain/end.ts';
import { callQueueOf } from '../domain/installation.ts';
import { isoTime } from '../domain/time.ts';
import { newAsking } from './change-context.ts';
import { withdrawnWithHost, withdrawWithHost } from './cancellation.ts';
import type { ChangeContext } from './change-context.ts';
import { close, settled } from './end.ts';
import { failedCallOf } from './read-target.ts';
import { hearIfItFits } from './requests.ts';

type Held = Extract<CallResult, { kind: 'blocked' }>;

/**
 * How long an answer may wait in its worker until the log takes it, execute-by or not: it exists nowhere else. A worker
 * that is lost is noticed by its heartbeats, so nothing else waits that long.
 */
const recordedWithinMs = 3_600_000;

const { gate } = proxyActivities<Pick<LogActivities, 'gate'>>({
  startToCloseTimeout: '15 seconds',
  // While it blocks, the activity itself says how long to wait.
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

/**
 * From approval to an outcome: waits for the earliest moment and for a pause to end, makes the call with Temporal's own
 * retries until execute-by, and closes the change with what came of it. Returns early where the change is no longer to be
 * executed, or where the next run should begin.
 */
export async function execute(context: ChangeContext): Promise<void> {
  const isOver = () => !['scheduled', 'running', 'paused'].includes(context.phase);
  const { executeAfter, executeBy } = context.change;
  if (executeAfter !== null && Date.parse(executeAfter) > Date.now()) {
    await context.waitUntil(isOver, earlier(executeAfter, executeBy));
  }
  let held: Block | null = null;
  for (;;) {
    await context.waitUntil(() => isOver() || context.phase !== 'paused', executeBy);
    if (isOver() || context.isFull()) return;
    if (hasPassed(executeBy)) return close(context, await settled(context, lateOf(held)));

    if (await withdrawnWithHost(context)) continue;
    const before = context.change;
    context.mayHaveCalled = true;
    const result = await call(context);
    switch (result.kind) {
      case 'interrupted':
        // By a word, or because execute-by has passed.
        held = null;
        break;
      case 'stopped':
        await hearAll(context, result.words, before.stopWords);
        break;
      case 'blocked':
        context.mayHaveCalled = result.called;
        // An operator may have paused it while the answer came: then it rests first, and is told of its freeze afterwards.
        if (context.change.version === before.version) await hold(context, result, held);
        held = result.why;
        break;
      case 'host_ended':
        context.mayHaveCalled = false;
        await withdrawWithHost(context, context.parentHost);
        break;
      case 'drifted':
        // Where nothing was called yet, the next round may be withdrawn like the first.
        context.mayHaveCalled = result.called;
        await context.apply({ kind: 'drift', message: result.message, called: result.called });
        return;
      case 'lapsed':
        context.mayHaveCalled = false;
        await context.apply({ kind: 'lapse', reevaluation: result.reevaluation });
        context.asking = newAsking(isoTime(Date.now()));
        return;
      case 'succeeded':
        context.output = result.output ?? null;
        return close(context, endOfSuccess(result.requestId, result.reconciled));
      case 'failed':
        return close(context, await failed(context, result.why));
      case 'late':
        return close(context, await settled(context, late));
    }
  }
}

/**
 * Words that the workflow had not heard when they kept a call from beginning.
 *
 * @param before - how many it had heard when it asked for the call
 */
async function hearAll(
  context: ChangeContext,
  words: readonly SignedRequest[],
  before: number,
): Promise<void> {
  for (const word of words) await hearIfItFits(context, word);
  if (context.change.standing !== 'going') return;
  // More was said, and heard, while this answer was on its way: a pause that it tells of is over.
  const { ordinal: last = 0 } = words.at(-1) ?? {};
  if (last >= before && context.change.stopWords > last) return;
  // Postgres knows of a pause that the workflow takes to be over: somebody has spoken to it past the API. It holds.
  await context.apply({ kind: 'rest' });
}

/** Waits while something keeps the call from running; a change whose call was never made may be withdrawn meanwhile. */
async function hold(context: ChangeContext, { why, called }: Held, before: Block | null): Promise<void> {
  const isSame = before !== null && isSameBlock(before, why);
  if (!isSame) await context.apply({ kind: 'hold', why, called });
  const { version, id: changeId, executeBy } = context.change;
  const isInterrupted = () => context.change.version !== version;
  // The gate was open by one worker's clock and blocks by another's: this passes, and was told of.
  if (isSame) await context.waitUntil(isInterrupted, isoTime(Date.now() + 1000));
  await context.unless(isInterrupted, executeBy, () => gate({ changeId }));
}

type Called =
  | CallResult
  | { readonly kind: 'interrupted' | 'late' }
  | { readonly kind: 'failed'; readonly why: FailedCall };

async function call(context: ChangeContext): Promise<Called> {
  const { id: changeId, operation, executeBy, version } = context.change;
  const { parentHost } = context;
  const activities = proxyActivities<Record<string, (input: CallInput) => Promise<CallResult>>>({
    taskQueue: callQueueOf(workflowInfo().taskQueue),
    startToCloseTimeout: recordedWithinMs,
    // No attempt begins after execute-by: it is cancelled then, below, and one that is under way has its answer recorded.
    scheduleToCloseTimeout: Math.max(0, Date.parse(executeBy ?? '') - Date.now()) + recordedWithinMs,
    heartbeatTimeout: '15 seconds',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: '500 milliseconds',
      backoffCoefficient: 2,
      maximumInterval: '1 minute',
      nonRetryableErrorTypes: ['permanent', 'bad_signature', 'integrity_conflict'],
    },
  });
  // Whatever is said meanwhile makes it another version.
  const isInterrupted = () => context.change.version !== version;
  context.isCalling = true;
  try {
    const result = await context.unless(isInterrupted, executeBy, () =>
      // The operation's own name: no workflow knows which there are.
      (activities[operation] as (input: CallInput) => Promise<CallResult>)({
        changeId,
        ...(parentHost ? { host: parentHost } : {}),
      }),
    );
    return result ?? { kind: 'interrupted' };
  } catch (error) {
    // A call that was under way when it was interrupted, and that failed: Temporal does not repeat what is cancelled.
    if (error instanceof ActivityFailure && isInterrupted() && !isFinalAnswer(error)) {
      return { kind: 'interrupted' };
    }
    // Execute-by has passed while a call was under way, or the log could not be written for too long.
    if (error instanceof ActivityFailure && gaveUpInTime(error)) return { kind: 'late' };
    return { kind: 'failed', why: failedCallOf(error) };
  } finally {
    context.isCalling = false;
  }
}

/** The end of a change whose call failed for good. Where an earlier one may have worked, the target shows what it did. */
async function failed(context: ChangeContext, { doubt, ...why }: FailedCall): Promise<End> {
  return doubt ? await settled(context, why) : { executionStatus: 'failed', outcome: why };
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
function lateOf(held: Block | null): { code: string; message: string } {
  return held ? { ...late, message: `${late.message}; held by a ${held.kind}: ${held.reason}` } : late;
}

function earlier(a: string, b: string | null): string {
  return b !== null && Date.parse(b) < Date.parse(a) ? b : a;
}

function hasPassed(moment: string | null): boolean {
  return moment !== null && Date.now() >= Date.parse(moment);
}
