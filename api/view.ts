import { CountersignError } from '../domain/error.ts';
import type { Attempt, Change } from '../domain/change.ts';
import type { Person } from '../domain/person.ts';
import { judgeDecision } from '../domain/decision.ts';
import { getChange } from '../store/get-change.ts';
import { listAttempts } from '../store/list-attempts.ts';
import { maySee } from './caller.ts';
import { uuidSchema } from './schemas.ts';
import type { Queryable } from '../store/queryable.ts';

/** A change as the API shows it: as last stored, with its attempts and what its reader may do. */
export type ChangeView = Change & {
  readonly attempts: readonly Attempt[];
  /** Whether a decision of the reader is awaited. */
  readonly awaitingYou: boolean;
  readonly links: { readonly self: string; readonly events: string; readonly decisions: string };
};

/**
 * The change that a path names, if its reader may see it.
 * @throws CountersignError `not_found`
 */
export async function readChange(db: Queryable, id: unknown, reader: Person): Promise<Change> {
  const known = uuidSchema.safeParse(id);
  const change = known.success ? await getChange(db, known.data.toLowerCase()) : null;
  if (!change || !maySee(reader, change)) throw new CountersignError('not_found', 'there is no such change');
  return change;
}

/** See {@link ChangeView}. */
export async function viewOf(
  db: Queryable,
  change: Change,
  reader: Person,
  now: number,
): Promise<ChangeView> {
  const self = `/v1/changes/${change.id}`;
  return {
    ...change,
    attempts: await listAttempts(db, change.id),
    awaitingYou: awaits(change, reader, now),
    links: { self, events: `${self}/events`, decisions: `${self}/decisions` },
  };
}

function awaits(change: Change, person: Person, now: number): boolean {
  const digest = change.digest ?? '';
  try {
    return judgeDecision(change, { decision: 'approve', digest, person, comment: '-' }, now) === 'new';
  } catch (error) {
    // Theirs to give, once they have logged in as the policy asks.
    return error instanceof CountersignError && error.code === 'stronger_authentication_needed';
  }
}
