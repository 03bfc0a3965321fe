import { activityInfo, log } from '@temporalio/activity';
import { compareRules } from '../audit/compare/compare-rules.ts';
import { readOpeningFacts } from '../audit/opening-facts.ts';
import { isGlassBroken } from '../domain/break-glass.ts';
import type { Change, ChangeRequest } from '../domain/change.ts';
import { asksByToken, refusalOfMachine } from '../domain/machine.ts';
import type { OpenedResult } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { readLoggedChange } from './logged-change.ts';
import { tellDifference } from './tell-difference.ts';

/**
 * What the log tells against a new change; null where nothing does: its policy was revoked, its requester's API token was not
 * issued, another change is open on its target, or its requester's earlier break-glass change has no review.
 *
 * @throws CountersignError `log_unavailable`, `integrity_conflict`
 */
export async function obstacleTo(
  deps: Pick<ActivityDependencies, 'pool' | 'verifyEntry' | 'alarm' | 'now'>,
  change: Change,
  submission: ChangeRequest['submission'],
): Promise<OpenedResult | null> {
  const { pool, verifyEntry } = deps;
  const { holder, isRevoked, token, unreviewed } = await readOpeningFacts(pool, verifyEntry, change);
  if (isRevoked) return { kind: 'policy_revoked', changeId: change.id };
  const { requester, submittedAt } = change;
  // A host has no token; it vouches for its requester.
  if (submission !== null && asksByToken(requester)) {
    const message = refusalOfMachine(requester, token, submittedAt);
    if (message !== null) {
      await tellOfToken(deps, requester.subject);
      return { kind: 'refused', code: 'unauthenticated', message };
    }
  }
  if (change.breakGlass) {
    for (const changeId of unreviewed) {
      const earlier = await readLoggedChange(pool, changeId);
      if (isGlassBroken(earlier.change)) return { kind: 'review_owed', changeId };
    }
  }
  return holder === null ? null : { kind: 'target_taken', changeId: holder };
}

/** The row that the API took the token by is not what the log has. */
async function tellOfToken(
  {
    pool,
    verifyEntry,
    alarm,
    now = Date.now,
  }: Pick<ActivityDependencies, 'pool' | 'verifyEntry' | 'alarm' | 'now'>,
  id: string,
): Promise<void> {
  const { namespace } = activityInfo();
  try {
    for (const difference of await compareRules(pool, [{ rule: 'token', id }], verifyEntry)) {
      await tellDifference({ pool, namespace, alarm, now }, difference);
    }
  } catch (err) {
    log.warn('a difference from the log could not be told', { err, token: id });
  }
}
