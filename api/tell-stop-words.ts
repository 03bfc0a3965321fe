import { listUntold } from '../audit/list-untold.ts';
import { listStopWords } from '../audit/stop-words.ts';
import { CountersignError, httpStatusOfCode } from '../domain/error.ts';
import { getChange } from '../store/get-change.ts';
import type { ApiDependencies } from './dependencies.ts';

type Deps = Pick<ApiDependencies, 'db' | 'engine' | 'log'>;

/** Longest wait for a workflow to take a word that is already written down, ms. */
const tellWithinMs = 5_000;

/**
 * Tells a change's workflow the words that it has not heard, in their order. Postgres keeps the words: a workflow that
 * cannot be reached now is told later, and calls nothing meanwhile.
 *
 * @returns false when the workflow has ended without hearing one of them
 */
export async function tellStopWords({ db, engine, log }: Deps, changeId: string): Promise<boolean> {
  const later = (err: unknown): void => {
    log.warn({ err: err as Error, changeId }, 'a workflow could not be told to stop yet; nothing is called');
  };
  try {
    const change = await getChange(db, changeId);
    for (const { request } of await listStopWords(db, changeId)) {
      if (!change || change.closedAt !== null || request.ordinal <= change.stopWords) continue;
      try {
        await engine.send(request, tellWithinMs);
      } catch (error) {
        // A word that the workflow does not take must not block a later one: the last word holds.
        if (!(error instanceof CountersignError) || httpStatusOfCode[error.code] >= 500) throw error;
        if (error.code === 'change_closed') return false;
        later(error);
      }
    }
  } catch (error) {
    later(error);
  }
  return true;
}

/** Tells the words that are still untold because an API was killed or Temporal was away. */
export async function tellUntold(deps: Deps): Promise<void> {
  for (const changeId of await listUntold(deps.db)) await tellStopWords(deps, changeId);
}
