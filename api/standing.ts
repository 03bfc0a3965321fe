import { listBodies } from '../audit/list-bodies.ts';
import { stopTypes, stopWordsIn } from '../audit/stop-words.ts';
import type { StopWord } from '../audit/stop-words.ts';
import { mayHaveBeenSent } from '../domain/attempt.ts';
import type { Attempt, Change } from '../domain/change.ts';
import { CountersignError } from '../domain/error.ts';
import { hasStopped, standingOf } from '../domain/stop.ts';
import type { SaidWordFacts } from '../domain/stop.ts';
import { getChange } from '../store/get-change.ts';
import { getPolicyRevocation } from '../store/get-policy-revocation.ts';
import { listAttempts } from '../store/list-attempts.ts';
import type { Queryable } from '../store/queryable.ts';

/** A change with the words said of it, and its attempts. */
export interface StandingFacts extends SaidWordFacts {
  readonly words: readonly StopWord[];
  /** How many entries hold words. Copies of earlier words are among them, and have no effect. */
  readonly entries: number;
  readonly attempts: readonly Attempt[];
}

/**
 * Who has stopped a change, as Postgres knows it.
 * @throws CountersignError `not_found`, `log_unavailable`
 */
export async function readStanding(db: Queryable, changeId: string): Promise<StandingFacts> {
  const change = await getChange(db, changeId);
  if (!change) throw new CountersignError('not_found', 'there is no such change');
  return standingOfChange(db, change);
}

/** The same of a change that was read. @throws CountersignError `log_unavailable` */
export async function standingOfChange(db: Queryable, change: Change): Promise<StandingFacts> {
  const bodies = await listBodies(db, change.id, stopTypes);
  const words = stopWordsIn(bodies);
  const attempts = await listAttempts(db, change.id);
  const revoked = (await getPolicyRevocation(db, change.policy.digest)) !== null;
  const said = standingOf(words.map(({ word }) => word));
  // A change that its host has called off was stopped by no word.
  const standing = hasStopped(said) || !hasStopped(change.standing) ? said : change.standing;
  const last = words.at(-1);
  return {
    change,
    words,
    entries: bodies.length,
    standing: revoked && !hasStopped(standing) ? 'revoked' : standing,
    called: attempts.some(mayHaveBeenSent),
    last: last ? { word: last.word, person: last.request.signed.statement.person } : null,
    attempts,
  };
}
