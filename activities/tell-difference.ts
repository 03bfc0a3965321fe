import type { Pool } from 'pg';
import { appendEntry } from '../audit/append.ts';
import type { ChangeDifference } from '../audit/compare/compare-changes.ts';
import type { RuleDifference } from '../audit/compare/compare-rules.ts';
import { findEntry } from '../audit/find-entry.ts';
import type { RaiseAlarm } from '../domain/alarm.ts';
import { workflowIdOf } from '../domain/change.ts';
import { entryKey, newEntry, workerActor } from '../domain/entry.ts';
import { isoTime } from '../domain/time.ts';
import { sha256 } from './digest.ts';

/** What {@link tellDifference} works with. */
export interface TellDependencies {
  readonly pool: Pool;
  readonly namespace: string;
  readonly alarm: RaiseAlarm | undefined;
  readonly now?: () => number;
}

/** Most characters of a value in an entry. */
const mostShown = 200;

/** What stands in an entry of a value that somebody may have edited. */
function shown(text: string): string {
  return text.slice(0, mostShown).toWellFormed();
}

/**
 * Tells that rows are not what their entries make them: an entry `integrity.mismatch` and an alarm.
 *
 * @returns false when the same was told this day
 * @throws CountersignError `log_unavailable`
 */
export async function tellDifference(
  { pool, namespace, alarm, now = Date.now }: TellDependencies,
  found: ChangeDifference | RuleDifference,
): Promise<boolean> {
  const fields = found.fields.map(({ field, logged, stored }) => ({
    field: shown(field),
    logged: shown(JSON.stringify(logged)),
    stored: shown(JSON.stringify(stored)),
  }));
  const { of, changeId, outcome, what, details } = subjectOf(found);
  const type = 'integrity.mismatch';
  const time = isoTime(now());
  // What somebody has put right and edited again is told again.
  const ordinal = `${time.slice(0, 10)}/${sha256(JSON.stringify(fields)).slice(0, 32)}`;
  const place = { namespace, of, ordinal };
  if (await findEntry(pool, entryKey(place, type))) return false;
  const members = { type, time, changeId, actor: workerActor, outcome, ...details, fields } as const;
  await appendEntry(pool, newEntry(place, members));
  const names = fields.map(({ field }) => field).join(', ');
  alarm?.(outcome, `${what} differs from the log in: ${names}`, changeId === null ? details : { changeId });
  return true;
}

function subjectOf(found: ChangeDifference | RuleDifference) {
  if ('changeId' in found) {
    const { changeId } = found;
    const outcome = 'stored_change_differs' as const;
    return { of: workflowIdOf(changeId), changeId, outcome, what: 'the stored change', details: {} };
  }
  const { rule, id } = found;
  const of = `${rule === 'revocation' ? 'policy' : rule}-${id}`;
  const outcome = 'stored_rule_differs' as const;
  return { of, changeId: null, outcome, what: `the stored ${rule} ${id}`, details: { rule, id } };
}
