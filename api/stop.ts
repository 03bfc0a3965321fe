import { appendEntry } from '../audit/append.ts';
import { saidInEntry } from '../domain/change-event.ts';
import { changeMembers, newEntry, newEntryBody, refusalOfLength } from '../domain/entry.ts';
import { allowed, CountersignError, isRefused } from '../domain/error.ts';
import type { Person } from '../domain/person.ts';
import { newStatement } from '../domain/statement.ts';
import type { Said } from '../domain/statement.ts';
import { judgeSaidWord, wordOf } from '../domain/stop.ts';
import { workflowIdOf } from '../domain/change.ts';
import { isoTime } from '../domain/time.ts';
import { callUnderWayOf } from '../domain/attempt.ts';
import { getChange } from '../store/get-change.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { lockCallGate } from '../store/lock-call-gate.ts';
import type { ApiDependencies } from './dependencies.ts';
import { readStanding } from './standing.ts';
import { tellStopWords } from './tell-stop-words.ts';

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
    const facts = await readStanding(client, changeId);
    const { change, words, entries, attempts } = facts;
    const underWay = callUnderWayOf(attempts)?.attempt ?? null;
    const judged = judgeSaidWord(facts, word, person);
    if (isRefused(judged)) {
      const { code, message } = judged;
      throw underWay === null
        ? judged
        : new CountersignError(code, message, { extra: { callUnderWay: underWay } });
    }
    // The first answer was lost.
    if (judged === 'repeated') return words.at(-1)?.request.ordinal ?? entries;
    const at = isoTime(now());
    // Of no digest: it stops the change in whatever round it is by then.
    const signed = signer.sign(newStatement(said, change, person, at));
    const ordinal = entries + 1;
    const type = word === 'resume' ? 'stop.lifted' : 'stop.requested';
    const members = {
      type,
      time: at,
      ...changeMembers({ ...change, digest: null }),
      ...saidInEntry(signed, source),
      stop: { ordinal, word, callUnderWay: underWay },
    } as const;
    // Its workflow writes the same words once more, with what it alone knows.
    allowed(refusalOfLength(newEntryBody({ ...members, room: 'x'.repeat(1024) }), type));
    await appendEntry(client, newEntry({ namespace, of: workflowIdOf(changeId), ordinal }, members));
    return ordinal;
  });
  if (await tellStopWords(deps, changeId)) return;
  const heard = (await getChange(db, changeId))?.stopWords ?? 0;
  // The change was ending meanwhile, in another way than this word would have ended it.
  if (heard < ordinal) throw new CountersignError('change_closed', 'the change has ended meanwhile');
}
