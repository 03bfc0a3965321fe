import { appendEntry } from '../audit/append.ts';
import { listBodies } from '../audit/list-bodies.ts';
import { stopTypes, stopWordsIn } from '../audit/stop-words.ts';
import type { StopWord } from '../audit/stop-words.ts';
import type { Change } from '../domain/change.ts';
import { changeMembers, personActor } from '../domain/entry.ts';
import { CountersignError } from '../domain/error.ts';
import type { Person } from '../domain/person.ts';
import { samePerson } from '../domain/person.ts';
import type { Statement } from '../domain/statement.ts';
import { hasStopped, judgeWord, standingOf, wordOf } from '../domain/stop.ts';
import type { Standing } from '../domain/status.ts';
import { workflowIdOf } from '../domain/change.ts';
import { isoTime } from '../domain/time.ts';
import { callUnderWayOf, mayHaveBeenSent } from '../domain/attempt.ts';
import { getChange } from '../store/get-change.ts';
import { getPolicyRevocation } from '../store/get-policy-revocation.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { listAttempts } from '../store/list-attempts.ts';
import { lockCallGate } from '../store/lock-call-gate.ts';
import type { Queryable } from '../store/queryable.ts';
import type { ApiDependencies } from './dependencies.ts';
import { tellStopWords } from './tell-stop-words.ts';

/** The members of a statement that its author chooses. The others come from the change and the clock. */
export type Said = Pick<Statement, 'kind' | 'action' | 'comment'>;

/**
 * Records a word that stops a change, or resumes it after a pause: signs it, writes it down while no call can begin, and
 * tells the workflow. Once this returns, no call of a stopped change begins, also when the workflow could not be told.
 *
 * @throws CountersignError a code of domain/stop.ts, with `callUnderWay` (the attempt) where a call has begun and is not answered;
 * `log_unavailable`
 */
export async function sayStopWord(
  deps: Pick<ApiDependencies, 'db' | 'engine' | 'signer' | 'namespace' | 'log' | 'now'>,
  changeId: string,
  person: Person,
  said: Said,
  source: string | null,
): Promise<void> {
  const { db, signer, namespace, now = Date.now } = deps;
  const word = wordOf(said);
  if (word === null || word === 'retry' || word === 'revoke') {
    throw new CountersignError('internal_error', `${said.action} is no word to stop`);
  }
  const ordinal = await inTransaction(db, async (client) => {
    await lockCallGate(client, 'shut');
    const { change, standing, words, entries, called, underWay } = await readStanding(client, changeId);
    const last = words.at(-1);
    const again = last?.word === word && samePerson(last.request.signed.statement.person, person);
    // The first answer was lost. When the change has ended in another way, the answer says so.
    if (again && word !== 'resume' && (change.closedAt === null || hasStopped(standing))) {
      return last.request.ordinal;
    }
    try {
      judgeWord({ change, standing, called }, word, person);
    } catch (error) {
      if (!(error instanceof CountersignError) || underWay === null) throw error;
      const { code, message } = error;
      throw new CountersignError(code, message, { extra: { callUnderWay: underWay } });
    }
    const at = isoTime(now());
    const { round } = change;
    // Without a digest: the word stops the change in whatever round it is by then.
    const signed = signer.sign({ v: 1, ...said, changeId, person, digest: null, round, at });
    const ordinal = entries + 1;
    const type = word === 'resume' ? 'stop.lifted' : 'stop.requested';
    await appendEntry(client, {
      key: `${namespace}/${workflowIdOf(changeId)}/${type}/${ordinal}`,
      body: {
        v: 1,
        type,
        time: at,
        actor: personActor(person),
        ...changeMembers({ ...change, digest: null }),
        comment: said.comment,
        statement: signed.statement as never,
        signature: { keyId: signed.keyId, value: signed.signature },
        source,
        stop: { ordinal, word, callUnderWay: underWay },
      },
    });
    return ordinal;
  });
  if (await tellStopWords(deps, changeId)) return;
  const heard = (await getChange(db, changeId))?.stopWords ?? 0;
  // The change was ending meanwhile, in another way than this word would have ended it.
  if (heard < ordinal) throw new CountersignError('change_closed', 'the change has ended meanwhile');
}

/** A change with the words said of it. */
export interface StandingFacts {
  readonly change: Change;
  readonly words: readonly StopWord[];
  /** How many entries hold words. Copies of earlier words are among them, and have no effect. */
  readonly entries: number;
  readonly standing: Standing;
  readonly called: boolean;
  /** The ordinal of the attempt whose call has begun and is not answered. */
  readonly underWay: number | null;
}

/**
 * Who has stopped a change, as Postgres knows it.
 * @throws CountersignError `not_found`, `log_unavailable`
 */
export async function readStanding(db: Queryable, changeId: string): Promise<StandingFacts> {
  const change = await getChange(db, changeId);
  if (!change) throw new CountersignError('not_found', 'there is no such change');
  const bodies = await listBodies(db, changeId, stopTypes);
  const words = stopWordsIn(bodies);
  const attempts = await listAttempts(db, changeId);
  const revoked = (await getPolicyRevocation(db, change.policy.digest)) !== null;
  const standing = standingOf(words.map(({ word }) => word));
  return {
    change,
    words,
    entries: bodies.length,
    standing: standing === 'going' || standing === 'paused' ? (revoked ? 'revoked' : standing) : standing,
    called: attempts.some(mayHaveBeenSent),
    underWay: callUnderWayOf(attempts)?.attempt ?? null,
  };
}
