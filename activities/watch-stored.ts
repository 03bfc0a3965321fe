import type { Pool } from 'pg';
import { appendEntry } from '../audit/append.ts';
import { changesSince, compareChanges, comparePage } from '../audit/compare/compare-changes.ts';
import type { ChangeDifference } from '../audit/compare/compare-changes.ts';
import { findEntry } from '../audit/find-entry.ts';
import type { RaiseAlarm } from '../domain/alarm.ts';
import { workflowIdOf } from '../domain/change.ts';
import { entryKey, newEntry, workerActor } from '../domain/entry.ts';
import { isoTime } from '../domain/time.ts';
import { sha256 } from './digest.ts';

/** What {@link watchStored} works with. */
export interface WatchDependencies {
  readonly pool: Pool;
  readonly namespace: string;
  readonly alarm: RaiseAlarm | undefined;
  readonly now?: () => number;
}

/** Where the watch is: the last entry that was looked at, and the last change of its way through all of them. */
export interface WatchPlace {
  entryId: string | null;
  changeId: string | null;
}

/**
 * Compares what is stored of changes with the log: those that have moved since the last time, and the next page of all.
 * A difference is an alarm and an entry, once a day as long as it lasts.
 *
 * @param place - is moved
 * @returns how many differences were told
 * @throws CountersignError `log_unavailable`; the first error of those that could not be told
 */
export async function watchStored(deps: WatchDependencies, place: WatchPlace): Promise<number> {
  const { pool } = deps;
  const { ids, last } = await changesSince(pool, place.entryId);
  const page = await comparePage(pool, place.changeId);
  const differences = [...(await compareChanges(pool, ids)), ...page.differences];
  // One that cannot be told must not keep the others from being looked at.
  place.entryId = last;
  place.changeId = page.next;
  let told = 0;
  let failed = null as Error | null;
  for (const difference of differences) {
    try {
      if (await tell(deps, difference)) told += 1;
    } catch (error) {
      failed ??= error as Error;
    }
  }
  if (failed !== null) throw failed;
  return told;
}

/** Most characters of a value in an entry. */
const mostShown = 200;

/** What stands in an entry of a value that somebody may have edited. */
function shown(text: string): string {
  return text.slice(0, mostShown).toWellFormed();
}

async function tell(
  { pool, namespace, alarm, now = Date.now }: WatchDependencies,
  found: ChangeDifference,
): Promise<boolean> {
  const { changeId } = found;
  const fields = found.fields.map(({ field, logged, stored }) => ({
    field: shown(field),
    logged: shown(JSON.stringify(logged)),
    stored: shown(JSON.stringify(stored)),
  }));
  const type = 'integrity.mismatch';
  const time = isoTime(now());
  // What somebody has put right and edited again is told again.
  const ordinal = `${time.slice(0, 10)}/${sha256(JSON.stringify(fields)).slice(0, 32)}`;
  const place = { namespace, of: workflowIdOf(changeId), ordinal };
  if (await findEntry(pool, entryKey(place, type))) return false;
  const members = {
    type,
    time,
    changeId,
    actor: workerActor,
    outcome: 'stored_change_differs',
    fields,
  } as const;
  await appendEntry(pool, newEntry(place, members));
  const names = fields.map(({ field }) => field).join(', ');
  alarm?.('stored_change_differs', `the stored change differs from the log in: ${names}`, { changeId });
  return true;
}
