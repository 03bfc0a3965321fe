import { listUntold } from '../audit/list-untold.ts';
import { listStopWords } from '../audit/stop-words.ts';
import { CountersignError } from '../domain/error.ts';
import type { ErrorCode } from '../domain/error.ts';
import { getChange } from '../store/get-change.ts';
import type { ApiDependencies } from './dependencies.ts';

type Deps = Pick<ApiDependencies, 'db' | 'engine' | 'log'>;

const doesNothing: ReadonlySet<ErrorCode> = new Set(['already_stopped', 'not_paused', 'not_running']);

/** Longest wait for a workflow to take a word that stands already, ms. */
const tellWithinMs = 5_000;

/**
 * Tells a change's workflow the words that it has not heard, in their order. They stand in Postgres: a workflow that cannot be
 * told now is told later, and calls nothing meanwhile.
 *
 * @returns false when the workflow has ended without hearing one of them
 */
export async function tellStopWords({ db, engine, log }: Deps, changeId: string): Promise<boolean> {
  try {
    const change = await getChange(db, changeId);
    for (const { request } of await listStopWords(db, changeId)) {
      if (!change || change.closedAt !== null || request.ordinal <= change.stopWords) continue;
      await engine.send(request, tellWithinMs).catch((error: unknown) => {
        // It changes nothing for the workflow; what comes after it may.
        if (!(error instanceof CountersignError) || !doesNothing.has(error.code)) throw error;
      });
    }
    return true;
  } catch (error) {
    if (error instanceof CountersignError && error.code === 'change_closed') return false;
    log.warn(
      { err: error as Error, changeId },
      'a workflow could not be told to stop yet; nothing is called',
    );
    return true;
  }
}

/** Tells whatever an API that was killed, or a Temporal that was away, has left untold. */
export async function tellUntold(deps: Deps): Promise<void> {
  for (const changeId of await listUntold(deps.db)) await tellStopWords(deps, changeId);
}
