import { listBodies } from '../audit/list-bodies.ts';
import type { Change } from '../domain/change.ts';
import { signedIn } from '../domain/change-event.ts';
import { eventIn } from '../domain/event-in.ts';
import type { ChangeEvent, ChangeEventType } from '../domain/change-event.ts';
import { CountersignError } from '../domain/error.ts';
import { changeOf, evolve } from '../domain/evolve.ts';
import { transitions } from '../domain/lifecycle.ts';
import type { SignedStatement } from '../domain/statement.ts';
import type { Queryable } from '../store/queryable.ts';

/** A change as the fold of its entries, with the signed statements that it rests on. */
export interface LoggedChange {
  /** All but its attempts; the store has the newest state of those. */
  readonly change: Change;
  /** Approvals as the API signed them, taken back or not, and the submission, where the API has signed it. */
  readonly approvals: readonly SignedStatement[];
}

const types = (Object.keys(transitions) as ChangeEventType[]).filter((type) => !type.startsWith('attempt.'));

/**
 * Reads a change from the log, for whoever acts on it: what the table of changes has may have been edited, and the log is
 * what people signed.
 *
 * @throws CountersignError `integrity_conflict` when the log does not tell of its submission, `log_unavailable`
 */
export async function readLoggedChange(db: Queryable, changeId: string): Promise<LoggedChange> {
  const events = (await listBodies(db, changeId, types)).flatMap((body) => eventIn(body) ?? []);
  const [first, ...others] = events;
  if (first?.type !== 'change.requested') {
    throw new CountersignError(
      'integrity_conflict',
      `the log does not tell that change ${changeId} was asked for`,
    );
  }
  const change = others.reduce(evolve, changeOf(first));
  return { change, approvals: events.flatMap((event) => signedApproval(event) ?? []) };
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
