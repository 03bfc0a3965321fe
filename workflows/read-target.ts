import { ActivityFailure, ApplicationFailure, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { FailedCall, VendorActivities } from '../activities/contract.ts';
import { callQueueOf } from '../domain/installation.ts';
import { isoTime } from '../domain/time.ts';
import { newAsking } from './change-context.ts';
import type { ChangeContext } from './change-context.ts';

/** Reads the target for the approvers, repeated until decide-by, unless it was read as it was opened. A target that the operation cannot help ends the change as `refused`. */
export async function readTarget(context: ChangeContext): Promise<void> {
  const { precheck } = proxyActivities<Pick<VendorActivities, 'precheck'>>({
    taskQueue: callQueueOf(workflowInfo().taskQueue),
    startToCloseTimeout: '30 seconds',
    retry: {
      initialInterval: '500 milliseconds',
      backoffCoefficient: 2,
      maximumInterval: '1 minute',
      nonRetryableErrorTypes: ['permanent'],
    },
  });
  const { id: changeId, decideBy } = context.change;
  const ordinal = context.nextOrdinal('change.prechecked');
  const isOvertaken = () => context.phase !== 'reading';
  let read = context.read ?? undefined;
  context.read = null;
  try {
    read ??= await context.unless(isOvertaken, decideBy, () => precheck({ changeId, ordinal }));
  } catch (error) {
    read = { kind: 'refused', snapshot: null, ...failedCallOf(error) };
  }
  if (isOvertaken()) return;
  if (read === undefined) await context.apply({ kind: 'expire' });
  else if (read.kind === 'refused') {
    const { code, message, requestId, snapshot } = read;
    await context.apply({ kind: 'refuse', code, message, requestId, snapshot });
  } else if (read.kind === 'read') {
    context.take(read.event);
    const { round, submittedAt } = context.change;
    context.asking = newAsking(round === 1 ? submittedAt : isoTime(Date.now()));
    await context.apply({ kind: 'approve_by_rule' });
  }
}

/** What an activity says when the vendor's answer was final; anything else is a defect and fails the workflow task's work. */
export function failedCallOf(error: unknown): FailedCall {
  if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) {
    const detail = error.cause.details?.[0] as FailedCall | undefined;
    if (detail) return detail;
    return { code: error.cause.type ?? 'internal_error', message: error.cause.message, requestId: null };
  }
  throw error;
}
