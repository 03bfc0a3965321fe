import type { Closed } from '../../domain/change-event.ts';
import type { Change } from '../../domain/change.ts';
import { workflowEnded } from '../../domain/own-codes.ts';
import { mayHaveCalled } from './change-record.ts';
import type { ChangeRecord } from './change-record.ts';
import { objectOf } from './fields.ts';
import type { Report } from './problem.ts';

/** A change closes as what happened to it says. */
export function judgeEnd(
  { whole, change }: Pick<ChangeRecord, 'whole' | 'change'>,
  event: Closed,
  report: Report,
): void {
  if (!whole) return;
  const { decisionStatus, executionStatus } = event;
  // Its workflow is gone: nobody decides it any more.
  const isOrphan = isOfOrphan(event);
  const status = isOrphan && change.decisionStatus === 'pending' ? 'withdrawn' : change.decisionStatus;
  if (decisionStatus !== status) {
    report('closed_otherwise', `closed as ${JSON.stringify(decisionStatus)}, and was ${status}`);
  }
  if (mayEndAs(change, executionStatus, isOrphan)) return;
  const { started, succeeded } = change.calls;
  const attempts = `${started} attempts, ${succeeded ? 'one' : 'none'} of them successful`;
  report('closed_otherwise', `closed as ${JSON.stringify(executionStatus)} after ${attempts}`);
}

function mayEndAs(change: Change, status: Closed['executionStatus'], isOrphan: boolean): boolean {
  const { called, succeeded } = change.calls;
  switch (status) {
    case 'succeeded':
    case 'partially_succeeded':
      return succeeded;
    case 'cancelled':
      // The log of an orphan may end with an attempt whose worker was lost before it could send it.
      if (change.executionStatus === 'not_started') return false;
      return isOrphan ? !called : !mayHaveCalled(change);
    case 'not_started':
      // A called change that is told as never called would owe no review.
      return change.executionStatus === 'not_started' && !called;
    case 'outcome_unknown':
      return !succeeded && mayHaveCalled(change);
    default:
      return status === 'failed' && !succeeded && (called || change.executionStatus !== 'not_started');
  }
}

function isOfOrphan({ outcome }: Closed): boolean {
  return objectOf({ ...outcome }).code === workflowEnded;
}
