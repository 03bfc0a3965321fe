import type { ChangeRequest } from '../domain/change.ts';
import { CountersignError, isRefused } from '../domain/error.ts';
import { answerableFor } from '../domain/person.ts';
import type { Person } from '../domain/person.ts';
import { judgeSaidWord } from '../domain/stop.ts';
import { findBreakGlass } from '../store/find-break-glass.ts';
import { getOpenChange } from '../store/get-open-change.ts';
import { getPolicyRevocation } from '../store/get-policy-revocation.ts';
import type { Queryable } from '../store/queryable.ts';
import { readStanding } from './standing.ts';

/**
 * Why a request under its policy would not be opened, by what only Postgres knows; null when it would: the policy is not
 * revoked, and a break-glass request's author owes no review.
 *
 * @returns null, or `policy_revoked` (403), `review_owed` (409)
 */
export async function refusalToOpen(
  db: Queryable,
  { policy, breakGlass, requester }: Pick<ChangeRequest, 'policy' | 'breakGlass' | 'requester'>,
): Promise<CountersignError | null> {
  if (await getPolicyRevocation(db, policy.digest)) {
    return new CountersignError(
      'policy_revoked',
      `version ${policy.version} of policy ${policy.name} is revoked`,
    );
  }
  // The transaction that opens the change decides. This check only keeps the target's open change from being ended for nothing.
  const owed = breakGlass ? await findBreakGlass(db, answerableFor(requester)) : null;
  if (owed === null) return null;
  const message = `change ${owed} is an earlier break-glass change whose review is not signed yet`;
  return new CountersignError('review_owed', message, { extra: { changeId: owed } });
}

/**
 * Why the open change on a target is in the way of another request; null where none is, or where a break-glass request
 * would take its target over. For whoever only asks: nothing is taken over here.
 *
 * @returns null, or `open_change_exists`, `call_started` (409)
 */
export async function refusalOfHolder(
  db: Queryable,
  targetId: string,
  person: Person,
  breakGlass: boolean,
): Promise<CountersignError | null> {
  const id = await getOpenChange(db, targetId);
  if (id === null) return null;
  if (!breakGlass) return taken(id);
  const judged = judgeSaidWord(await readStanding(db, id), 'take_over', person);
  // One that is ending already lets go of its target.
  if (!isRefused(judged) || judged.code === 'change_closed' || judged.code === 'already_stopped') return null;
  return new CountersignError(judged.code, judged.message, { extra: { changeId: id } });
}

/** The refusal of a request on a target that an open change holds. */
export function taken(changeId: string): CountersignError {
  return new CountersignError('open_change_exists', `change ${changeId} is open on this target`, {
    errors: [{ field: 'input', rule: 'one_open_change', message: 'the target has an open change' }],
    extra: { changeId },
  });
}
