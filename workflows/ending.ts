import { proxyActivities } from '@temporalio/workflow';
import type { FailedCall, VendorActivities } from '../activities/contract.ts';
import type { Outcome } from '../domain/change.ts';
import { next } from '../domain/change-state.ts';
import { vendorTaskQueue } from './messages.ts';
import type { Ended, Run } from './run.ts';

const { settle } = proxyActivities<Pick<VendorActivities, 'settle'>>({
  taskQueue: vendorTaskQueue,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});

/** Why a change ends that was stopped for good. */
const whyOf = {
  withdrawn: { code: 'withdrawn', message: 'the change was withdrawn' },
  taken_over: { code: 'taken_over', message: 'a break-glass change took over its target' },
  abandoned: { code: 'abandoned', message: 'an operator abandoned the change' },
  revoked: { code: 'policy_revoked', message: 'the policy was revoked' },
  host_cancelled: {
    code: 'host_cancelled',
    message: 'the workflow that asked for the change was cancelled or has ended',
  },
  workflow_cancelled: { code: 'workflow_cancelled', message: "the change's workflow was cancelled" },
} as const;

/** Why the change was stopped for good; null while it was not. */
export function whyStopped({ standing }: Run): Pick<Outcome, 'code' | 'message'> | null {
  return standing === 'going' || standing === 'paused' ? null : whyOf[standing];
}

/** The end of a change that was rejected, or stopped before anything of this round was approved. */
export function endOfDecision(run: Run): Ended {
  const { decisionStatus, executionStatus, decisions } = run.change;
  const why = whyStopped(run);
  if (why) {
    return {
      decisionStatus,
      ...(executionStatus === 'not_started' ? {} : { executionStatus: 'cancelled' as const }),
      outcome: why,
    };
  }
  const by = decisions.findLast((d) => d.counts && d.decision === 'reject')?.person.name;
  return { outcome: { code: 'rejected', message: `rejected by ${by ?? 'an approver'}` } };
}

/** The end of a change that comes to it without a call of this round: what a call of an earlier one did, the target shows. */
export async function afterCalls(run: Run, end: Ended): Promise<Ended> {
  if (!run.callStarted || end.executionStatus !== undefined) return end;
  // It is decided while the target is read.
  if (end.decisionStatus !== undefined) run.change = next(run.change, { decisionStatus: end.decisionStatus });
  const shown = await settled(run, end.outcome);
  return { ...end, ...shown, tells: [...(end.tells ?? []), ...(shown.tells ?? [])] };
}

/** The end of a change whose call was cut short: what the target shows decides, not what was hoped. */
export async function settled(run: Run, why: { code: string; message: string }): Promise<Ended> {
  if (!run.callStarted) return { executionStatus: 'cancelled', outcome: why };
  const { attempts, achieved, doubt, last } = await settle({ change: run.change });
  if (attempts > 0 && achieved === true) return success(null, true);
  if (attempts === 0) return { executionStatus: 'cancelled', outcome: why };
  if (achieved === null && doubt) {
    return {
      executionStatus: 'outcome_unknown',
      outcome: {
        code: 'outcome_unknown',
        message: `${why.message}; a call's outcome is not known and the target could not be read`,
        requestId: last?.requestId ?? null,
      },
    };
  }
  return { executionStatus: 'failed', outcome: lastWord(why, last) };
}

function lastWord(why: { code: string; message: string }, last: FailedCall | null) {
  if (!last) return why;
  return { code: why.code, message: `${why.message}; last answer: ${last.code}`, requestId: last.requestId };
}

export function success(requestId: string | null, reconciled: boolean): Ended {
  const message = reconciled
    ? 'the target, read afterwards, is as the operation leaves it'
    : 'the call succeeded';
  return {
    executionStatus: 'succeeded',
    outcome: { code: 'succeeded', message, requestId, reconciled },
    ...(reconciled ? { tells: [{ type: 'change.reconciled' as const, members: { requestId } }] } : {}),
  };
}
