import type { ChangeView } from '../api/change-view.ts';
import { CountersignError } from '../domain/error.ts';

/**
 * The digest that is shown now, for a decision that names none. Without one the API would say no more than that its form is wrong.
 *
 * @throws CountersignError `not_awaiting_decision` before the target was read, `already_decided`
 */
export function digestToDecide({
  id,
  digest,
  decisionStatus,
  executionStatus,
  closedAt,
}: Pick<ChangeView, 'id' | 'digest' | 'decisionStatus' | 'executionStatus' | 'closedAt'>): string {
  if (digest !== null) return digest;
  if (decisionStatus === 'pending' && closedAt === null)
    throw new CountersignError(
      'not_awaiting_decision',
      `the target of change ${id} has not been read yet: there is no digest to decide on; look again with change show ${id}`,
    );
  throw new CountersignError(
    'already_decided',
    `change ${id} has ended (decision ${decisionStatus}, execution ${executionStatus}): it awaits no decision`,
  );
}
