import { readGateFacts } from '../audit/gate-facts.ts';
import { listStopWords } from '../audit/stop-words.ts';
import { makeGate } from '../calendar/gate.ts';
import { mayHaveBeenSent } from '../domain/attempt.ts';
import type { Attempt, Change } from '../domain/change.ts';
import { standingOf } from '../domain/stop.ts';
import { isoTime } from '../domain/time.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { listAttempts } from '../store/list-attempts.ts';
import { lockCallGate } from '../store/lock-call-gate.ts';
import { markSent } from '../store/mark-sent.ts';
import type { Queryable } from '../store/queryable.ts';
import type { CallResult } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** Why a call did not begin: words to stop the change, or the gate. */
export type NotBegun = Extract<CallResult, { kind: 'stopped' | 'blocked' }>;

/** The words that have stopped or paused a change, or null while it goes on. */
export async function stopOf(db: Queryable, changeId: string): Promise<NotBegun | null> {
  const said = await listStopWords(db, changeId);
  if (standingOf(said.map(({ word }) => word)) === 'going') return null;
  return { kind: 'stopped', words: said.map(({ request }) => request) };
}

/**
 * The moment in which a call begins: its attempt is marked as sent, as the last step before its request leaves. It does not
 * begin when somebody has stopped the change or the gate blocks it. Whoever stops or blocks takes the same lock, so that
 * each of the two comes wholly before or wholly after the other.
 *
 * @returns null when the call has begun
 * @throws Error when the attempt or the change has ended meanwhile: another worker, or the reconciler, has taken over
 */
export function makeBeginCall({
  pool,
  verifyEntry,
  calendar,
  now = Date.now,
}: Pick<ActivityDependencies, 'pool' | 'verifyEntry' | 'calendar' | 'now'>): (
  change: Change,
  attempt: Attempt,
) => Promise<NotBegun | null> {
  return (change, { ordinal }) =>
    inTransaction(pool, async (client) => {
      await lockCallGate(client, 'pass');
      const stopped = await stopOf(client, change.id);
      if (stopped !== null) return stopped;
      const time = now();
      const read = (of: Change, at: string) => readGateFacts(client, verifyEntry, of, at);
      const why = await makeGate(read, calendar)(change, time);
      if (why !== null) {
        const called = (await listAttempts(client, change.id)).some(mayHaveBeenSent);
        return { kind: 'blocked', why, called };
      }
      if (await markSent(client, { changeId: change.id, ordinal, sentAt: isoTime(time) })) return null;
      throw new Error('the attempt or its change has ended meanwhile');
    });
}
