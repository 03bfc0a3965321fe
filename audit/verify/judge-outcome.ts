import type { Closed } from '../../domain/change-event.ts';
import { tolerance } from './change-record.ts';
import type { ChangeRecord } from './change-record.ts';
import { objectOf } from './fields.ts';
import type { Report } from './problem.ts';

/**
 * The outcome that a change closes with is that of its attempts: reports, lists and files for other programs show it. Of a
 * change that did not succeed the RequestId may be that of a read, of which no entry tells.
 */
export function judgeOutcome(
  record: Pick<ChangeRecord, 'whole' | 'ended' | 'reconciled'>,
  event: Closed,
  report: Report,
): void {
  if (!record.whole) return;
  const differs = outcomeDifference(record, event);
  if (differs !== null) report('closed_otherwise', `closed with ${differs}`);
}

/** What of an outcome the entries before contradict; null where nothing does. */
function outcomeDifference(
  { ended, reconciled }: Pick<ChangeRecord, 'ended' | 'reconciled'>,
  { outcome, executionStatus, time }: Closed,
): string | null {
  const { code, requestId = null, reconciled: isToldReconciled, at } = objectOf({ ...outcome });
  const answers = [...ended.values()];
  if (!codesOf(executionStatus)(code)) return `the code ${JSON.stringify(code)} as ${executionStatus}`;
  if (isToldReconciled !== reconciled)
    return `reconciled ${JSON.stringify(isToldReconciled)}, and ${reconciled ? 'an' : 'no'} entry before tells that`;
  if (at !== time) return `an outcome of ${JSON.stringify(at)}, and is of ${time}`;
  const late = answers.find((one) => Date.parse(time) < Date.parse(one.time) - tolerance);
  if (late !== undefined) return `the time ${time}, and an attempt ended at ${late.time}`;
  const isOfCall = reconciled
    ? requestId === null
    : executionStatus !== 'succeeded' || answers.some((one) => one.succeeded && one.requestId === requestId);
  return isOfCall ? null : `the RequestId ${JSON.stringify(requestId)}, which no successful attempt has`;
}

/** Which codes an outcome may have; a change whose workflow is gone may end as anything. */
function codesOf(status: string): (code: unknown) => boolean {
  switch (status) {
    case 'succeeded':
    case 'outcome_unknown':
      return (code) => code === status || code === 'workflow_ended';
    default:
      return (code) => typeof code === 'string' && code !== 'succeeded';
  }
}
