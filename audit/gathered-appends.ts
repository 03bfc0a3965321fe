import { isUnreachable } from './log-error.ts';

/** An entry as it is stored. */
export interface EncodedEntry {
  readonly key: string;
  readonly bytes: Buffer;
}

/** The result of an append: the entry is new, or was there already with the same bytes. */
export interface Appended {
  readonly created: boolean;
}

/** Appends one entry; durable on return. */
export type Append = (entry: EncodedEntry) => Promise<Appended>;

interface Waiting {
  readonly entry: EncodedEntry;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** Most entries in one statement: at most 1 MiB, and so many statements for a connection to know. */
const most = 32;

/**
 * Appends what comes while a statement is on its way together in the next one: commits are what appends cost most. What
 * comes alone waits for nothing. Where a statement is refused, each of its entries is sent by itself, so that one is never
 * refused for another's sake; where the log cannot be reached, all that wait are told so.
 *
 * @param send - appends entries by one statement, all or none
 */
export function gatherAppends(
  send: (entries: readonly EncodedEntry[]) => Promise<readonly Appended[]>,
): Append {
  let waiting: Waiting[] = [];
  let sending = false;

  /** @throws where the log cannot be reached */
  async function sendAll(batch: readonly Waiting[]): Promise<void> {
    try {
      const appended = await send(batch.map(({ entry }) => entry));
      batch.forEach(({ resolve }, n) => resolve(appended[n] as Appended));
    } catch (error) {
      if (isUnreachable(error)) throw error;
      if (batch.length === 1) for (const { reject } of batch) reject(error);
      else for (const one of batch) await sendAll([one]);
    }
  }

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      // By key: statements of two processes that have the same entries then wait for each other in one direction alone.
      const batch = waiting.slice(0, most).sort((a, b) => compareText(a.entry.key, b.entry.key));
      waiting = waiting.slice(most);
      await sendAll(batch).catch((error: unknown) => {
        // The waiting entries have waited as long as this one: a queue would only grow.
        for (const { reject } of [...batch, ...waiting]) reject(error);
        waiting = [];
      });
    }
    sending = false;
  }

  return (entry) =>
    new Promise((resolve, reject) => {
      waiting.push({ entry, resolve, reject });
      if (sending) return;
      sending = true;
      queueMicrotask(() => void flush());
    });
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
