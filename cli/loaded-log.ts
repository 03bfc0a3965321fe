import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { appendNews } from '../audit/append-news.ts';
import { leavesOutDeclarations, loadedEntry } from '../domain/loaded-entries.ts';
import type { Loaded, LoadedType } from '../domain/loaded-entries.ts';
import { isoTime } from '../domain/time.ts';

/** How long a log that takes no entry is left alone, ms. */
const againMs = 10_000;

/** Writes into the log what a worker has loaded. */
export interface LoadedLog {
  /** Remembers what to write, until it is written; of each type the last. */
  tell(loaded: Loaded): void;
  /** Writes it from now on, unless the log says the same. What cannot be written is tried again every 10 s. */
  start(pool: Pool): void;
  stop(): void;
}

/** See {@link LoadedLog}. */
export function makeLoadedLog(log: Logger): LoadedLog {
  const waiting = new Map<LoadedType, Loaded>();
  let pool: Pool | null = null;
  let again: NodeJS.Timeout | undefined;
  // One after another, so that an earlier word never comes after a later one.
  let telling: Promise<void> = Promise.resolve();

  async function tellAll(): Promise<void> {
    if (pool === null) return;
    for (const loaded of waiting.values()) {
      try {
        const entry = loadedEntry(loaded, isoTime(Date.now()));
        await appendNews(pool, entry);
        if (leavesOutDeclarations(entry))
          log.warn(
            {},
            'what the files declare of operations is longer than an entry can hold: no verifier judges their targets',
          );
        if (waiting.get(loaded.type) === loaded) waiting.delete(loaded.type);
      } catch (err) {
        log.warn({ err: err as Error, type: loaded.type }, 'what was loaded could not be logged yet');
        clearTimeout(again);
        again = setTimeout(next, againMs).unref();
      }
    }
  }

  function next(): void {
    telling = telling.then(tellAll);
  }

  return {
    tell(loaded) {
      waiting.set(loaded.type, loaded);
      next();
    },
    start(opened) {
      pool = opened;
      next();
    },
    stop() {
      pool = null;
      clearTimeout(again);
      waiting.clear();
    },
  };
}
