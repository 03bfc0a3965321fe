import { isUnreachable } from './log-error.ts';

interface Waiting<In, Out> {
  readonly one: In;
  readonly resolve: (answer: Out) => void;
  readonly reject: (error: unknown) => void;
}

/** Options of {@link gather}. */
export interface GatherOptions<In> {
  /** Most in one statement; default 32: so many statements for a connection to know, and as long a wait. */
  readonly most?: number;
  /** The order within a statement that locks rows: two processes that have the same then wait for each other in one direction alone. */
  readonly order?: (a: In, b: In) => number;
}

/**
 * Sends what comes while a statement is on its way together in the next one: round trips and commits are what small statements
 * cost most. What comes alone waits for nothing. Where a statement is refused, each of its parts is sent by itself, so that none
 * is refused for another's sake; where Postgres cannot be reached, all that wait are told so.
 *
 * @param send - one statement, all or none; answers in the order of what it was given
 */
export function gather<In, Out>(
  send: (batch: readonly In[]) => Promise<readonly Out[]>,
  { most = 32, order }: GatherOptions<In> = {},
): (one: In) => Promise<Out> {
  let waiting: Waiting<In, Out>[] = [];
  let sending = false;

  /** @throws where Postgres cannot be reached */
  async function sendAll(batch: readonly Waiting<In, Out>[]): Promise<void> {
    try {
      const answers = await send(batch.map(({ one }) => one));
      batch.forEach(({ resolve }, n) => resolve(answers[n] as Out));
    } catch (error) {
      if (isUnreachable(error)) throw error;
      if (batch.length === 1) for (const { reject } of batch) reject(error);
      else for (const one of batch) await sendAll([one]);
    }
  }

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, most);
      if (order) batch.sort((a, b) => order(a.one, b.one));
      waiting = waiting.slice(most);
      await sendAll(batch).catch((error: unknown) => {
        // What waits has waited as long as this: a queue would only grow.
        for (const { reject } of [...batch, ...waiting]) reject(error);
        waiting = [];
      });
    }
    sending = false;
  }

  return (one) =>
    new Promise((resolve, reject) => {
      waiting.push({ one, resolve, reject });
      if (sending) return;
      sending = true;
      queueMicrotask(() => void flush());
    });
}

/** By code units, as `<` has it. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
