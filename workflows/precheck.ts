import { ActivityFailure, ApplicationFailure, proxyActivities } from '@temporalio/workflow';
import type { FailedCall, PrecheckResult, VendorActivities } from '../activities/contract.ts';
import { next } from '../domain/change-state.ts';
import { workerActor } from '../domain/entry.ts';
import { endOfDecision, whyStopped } from './ending.ts';
import { vendorTaskQueue } from './messages.ts';
import type { Ended, Run } from './run.ts';

const vendor = proxyActivities<Pick<VendorActivities, 'precheck'>>({
  taskQueue: vendorTaskQueue,
  startToCloseTimeout: '30 seconds',
  retry: {
    initialInterval: '500 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '1 minute',
    nonRetryableErrorTypes: ['permanent'],
  },
});

/** Reads the target for the approvers, retried until decide-by. A target that the operation cannot help ends the change as `refused`. */
export async function precheck(
  run: Run,
): Promise<Extract<PrecheckResult, { kind: 'read' }> | { kind: 'ended'; end: Ended }> {
  if (run.change.decisionStatus === 'approved') {
    // Drift: what was approved is not what is there, so it has to be asked again.
    run.change = next(run.change, {
      decisionStatus: 'pending',
      executionStatus: 'not_started',
      digest: null,
    });
    if (whyStopped(run)) {
      // While the drift was written down.
      const decisionStatus = run.standing === 'revoked' ? 'refused' : 'withdrawn';
      run.change = next(run.change, { decisionStatus });
      return { kind: 'ended', end: endOfDecision(run) };
    }
  }
  const before = run.change;
  // The activity stores the next version: whatever happens here meanwhile comes after it.
  run.change = next(before, {});
  const entry = run.entry(before, 'change.prechecked', workerActor);
  let read: PrecheckResult | undefined;
  try {
    read = await run.unless(
      () => run.change.decisionStatus !== 'pending',
      run.change.decideBy,
      () => vendor.precheck({ change: before, entry }),
    );
  } catch (error) {
    read = { kind: 'refused', snapshot: null, ...failedCallOf(error) };
  }
  if (run.change.decisionStatus !== 'pending') return { kind: 'ended', end: endOfDecision(run) };
  if (read === undefined) {
    return {
      kind: 'ended',
      end: {
        decisionStatus: 'expired',
        outcome: { code: 'decide_by_passed', message: 'the target could not be read before decide-by' },
        tells: [{ type: 'change.expired', members: { decideBy: run.change.decideBy } }],
      },
    };
  }
  if (read.kind === 'read') return read;
  const { snapshot, code, message, requestId } = read;
  run.change = next(run.change, { snapshot });
  return {
    kind: 'ended',
    end: {
      decisionStatus: 'refused',
      outcome: { code, message, requestId },
      tells: [{ type: 'change.refused', members: { code, message, requestId, snapshot } }],
    },
  };
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
