import { listEvents } from '../audit/list-events.ts';
import type { Change } from '../domain/change.ts';
import { signedIn } from '../domain/change-event.ts';
import { eventTypes } from '../domain/event-in.ts';
import type { ChangeEvent } from '../domain/change-event.ts';
import { fold } from '../domain/fold.ts';
import type { SignedStatement } from '../domain/statement.ts';
import { getChange } from '../store/get-change.ts';
import type { Queryable } from '../store/queryable.ts';
import { missingChange } from './missing-change.ts';

/** A change as the fold of its entries, with the signed statements that it rests on. */
export interface LoggedChange {
  /** All but its attempts; the store has the newest state of those. */
  readonly change: Change;
  /** Approvals as the API signed them, taken back or not, and the submission, where the API has signed it. */
  readonly approvals: readonly SignedStatement[];
}

const types = eventTypes.filter((type) => !type.startsWith('attempt.'));

/**
 * Reads a change from the log, for whoever acts on it: what the table of changes has may have been edited, and the log is
 * what people signed.
 *
 * @throws CountersignError `change_not_here` when the database has nothing of it, `integrity_conflict` when the log does not
 * tell of its submission, `log_unavailable`
 */
export async function readLoggedChange(db: Queryable, changeId: string): Promise<LoggedChange> {
  const events = await listEvents(db, changeId, types);
  const folded = fold(events);
  if (folded === null) {
    const row = (await getChange(db, changeId)) !== null;
    throw missingChange(changeId, { row, entries: events.length > 0 });
  }
  return { change: folded.change, approvals: events.flatMap((event) => signedApproval(event) ?? []) };
}

function signedApproval(event: ChangeEvent): SignedStatement | null {
  switch (event.type) {
    case 'decision.approved':
    case 'change.requested':
      return signedIn(event);
    default:
      return null;
  }
}
