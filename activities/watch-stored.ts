import { changesSince, compareChanges, comparePage } from '../audit/compare/compare-changes.ts';
import { compareRulePage, firstRules } from '../audit/compare/compare-rules.ts';
import type { RulePlace } from '../audit/compare/compare-rules.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { tellDifference } from './tell-difference.ts';
import type { TellDependencies } from './tell-difference.ts';

/** What {@link watchStored} works with. */
type WatchDependencies = TellDependencies & Pick<ActivityDependencies, 'verifyEntry'>;

/** Where the watch is: the last entry that was looked at, and where the next pages of all changes and rules begin. */
export interface WatchPlace {
  entryId: string | null;
  changeId: string | null;
  rules?: RulePlace | null;
}

/**
 * Compares what is stored with the log: the changes that have moved since the last time, and the next pages of all changes,
 * freezes, revocations and API tokens. A difference is an alarm and an entry, once a day as long as it lasts.
 *
 * @param place - is moved
 * @returns how many differences were told
 * @throws CountersignError `log_unavailable`; the first error of those that could not be told
 */
export async function watchStored(deps: WatchDependencies, place: WatchPlace): Promise<number> {
  const { pool, verifyEntry } = deps;
  const { ids, last } = await changesSince(pool, place.entryId);
  const page = await comparePage(pool, place.changeId, verifyEntry);
  const rules = await compareRulePage(pool, place.rules ?? firstRules, verifyEntry);
  const differences = [
    ...(await compareChanges(pool, ids, verifyEntry)),
    ...page.differences,
    ...rules.differences,
  ];
  // One that cannot be told must not keep the others from being looked at.
  place.entryId = last;
  place.changeId = page.next;
  place.rules = rules.next;
  let told = 0;
  let failed = null as Error | null;
  for (const difference of differences) {
    try {
      if (await tellDifference(deps, difference)) told += 1;
    } catch (error) {
      failed ??= error as Error;
    }
  }
  if (failed !== null) throw failed;
  return told;
}
