import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';

/** Where errors are logged; a pino logger fits. */
export interface SessionLog {
  warn(fields: object, message: string): void;
}

/** Options of {@link keepSession}. */
export interface SessionOptions {
  readonly pool: Pool;
  /** For the log, such as `sequencer`. */
  readonly name: string;
  readonly log?: SessionLog | undefined;
  /** Runs on each new session until `ended` aborts: the session was lost or nobody wants it any more. */
  readonly work: (client: PoolClient, ended: AbortSignal) => Promise<void>;
}

const longestPauseMs = 5_000;

/**
 * Keeps a database session of its own (what LISTEN and session locks need) and makes another whenever it is lost or
 * `work` throws, at first after 100 ms, then more and more seldom, at least every 5 s.
 *
 * @returns `stop`, which ends the session whatever it is doing
 */
export function keepSession(options: SessionOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = keep(options, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function keep(options: SessionOptions, stopping: AbortSignal): Promise<void> {
  let pauseMs = 100;
  while (!stopping.aborted) {
    const since = Date.now();
    try {
      await session(options, stopping);
    } catch (error) {
      options.log?.warn({ err: error }, `${options.name}: database session lost, another follows`);
    }
    if (Date.now() - since > longestPauseMs) pauseMs = 100;
    await delay(pauseMs, undefined, { signal: stopping }).catch(() => undefined);
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
  }
}

async function session({ pool, work }: SessionOptions, stopping: AbortSignal): Promise<void> {
  const client = await pool.connect();
  const lost = new AbortController();
  client.on('error', (error) => lost.abort(error));
  client.on('end', () => lost.abort(new Error('the connection was closed')));
  const ended = AbortSignal.any([stopping, lost.signal]);
  const working = work(client, ended);
  // The work's outcome counts only while the session lasts.
  working.catch(() => undefined);
  try {
    await Promise.race([working, untilAborted(ended)]);
  } finally {
    // Closed, not put back: LISTEN and locks end with the connection, and so does a statement that hangs.
    client.release(true);
  }
  if (lost.signal.aborted && !stopping.aborted) throw lost.signal.reason as Error;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
