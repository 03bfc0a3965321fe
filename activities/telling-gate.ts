import { activityInfo, log } from '@temporalio/activity';
import { compareChanges } from '../audit/compare/compare-changes.ts';
import { compareRules } from '../audit/compare/compare-rules.ts';
import { readGateFacts } from '../audit/gate-facts.ts';
import { makeGate } from '../calendar/gate.ts';
import type { Gate } from '../calendar/gate.ts';
import type { GateFacts } from '../domain/gate-facts.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { tellDifference } from './tell-difference.ts';

/**
 * The gate, for an activity. Where the rows that it reads and their entries tell differently, the stricter of the two counts,
 * and the difference is told.
 */
export function makeTellingGate(
  deps: Pick<ActivityDependencies, 'pool' | 'verifyEntry' | 'calendar' | 'alarm' | 'now'>,
): Gate {
  const { pool, verifyEntry, calendar, alarm, now = Date.now } = deps;

  async function tell(changeId: string, { differing, overridesDiffer }: GateFacts): Promise<void> {
    const { namespace } = activityInfo();
    const found = [
      ...(differing.length === 0 ? [] : await compareRules(pool, differing, verifyEntry)),
      ...(overridesDiffer ? await compareChanges(pool, [changeId], verifyEntry) : []),
    ];
    for (const difference of found) await tellDifference({ pool, namespace, alarm, now }, difference);
  }

  return makeGate(async (change, at) => {
    const facts = await readGateFacts(pool, verifyEntry, change, at);
    // What cannot be told now blocks all the same, and the next look, or the watch, tells it.
    await tell(change.id, facts).catch((err: unknown) => {
      log.warn('a difference from the log could not be told', { changeId: change.id, err });
    });
    return facts;
  }, calendar);
}
