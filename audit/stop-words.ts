import type { SignedRequest } from '../domain/change.ts';
import type { EntryBody, EventType } from '../domain/entry.ts';
import type { SignedStatement, Statement } from '../domain/statement.ts';
import { wordOf } from '../domain/stop.ts';
import type { Word } from '../domain/stop.ts';
import type { Queryable } from '../store/queryable.ts';
import { listBodies } from './list-bodies.ts';

/** A word to stop a change, or to have it go on after a pause, as the API wrote it down before it answered. */
export interface StopWord {
  readonly word: Word;
  readonly request: SignedRequest & { readonly ordinal: number };
}

/** The types of entries that hold a word to stop or to resume. */
export const stopTypes = ['stop.requested', 'stop.lifted'] as const satisfies readonly EventType[];

/**
 * The words of a change, in their order: entries `stop.requested` and `stop.lifted`, sealed or not.
 * @throws CountersignError `log_unavailable`
 */
export async function listStopWords(db: Queryable, changeId: string): Promise<StopWord[]> {
  return stopWordsIn(await listBodies(db, changeId, stopTypes));
}

/** The words that entries of {@link stopTypes} tell. They are written one at a time, so the order of their appending is theirs. */
export function stopWordsIn(bodies: readonly EntryBody[]): StopWord[] {
  const words = bodies.flatMap((body) => stopWordOf(body) ?? []);
  // One word is said once: a copy of an earlier one, put behind a later one, says nothing.
  const first = new Map(words.toReversed().map((word) => [word.request.signed.signature, word]));
  return words.filter((word) => first.get(word.request.signed.signature) === word);
}

/** The word that an entry holds; null when it holds none. */
function stopWordOf(body: EntryBody): StopWord | null {
  const { statement, signature, source, stop } = body as unknown as {
    readonly statement: Statement;
    readonly signature: { readonly keyId: string; readonly value: string };
    readonly source: string | null;
    readonly stop: { readonly ordinal: number };
  };
  const word = wordOf(statement);
  if (word === null) return null;
  const signed: SignedStatement = { statement, keyId: signature.keyId, signature: signature.value };
  return { word, request: { signed, source, ordinal: stop.ordinal } };
}
