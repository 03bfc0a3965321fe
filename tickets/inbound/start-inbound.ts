import type { Pool } from 'pg';
import { keepSession } from '../../audit/session.ts';
import type { SessionLog } from '../../audit/session.ts';
import { makeWakeup } from '../../audit/wakeup.ts';
import { handleInbound } from './handle-inbound.ts';
import type { InboundHandlers } from './handle-inbound.ts';

/** Options of {@link startInbound}. */
export interface InboundOptions {
  /** Logs in as the deliverer; one of its connections is kept. */
  readonly pool: Pool;
  readonly log: SessionLog;
  readonly handlers: Omit<InboundHandlers, 'onError'>;
  /** Has tickets read again of which nothing was heard for long: their webhook may have been lost. */
  readonly sweep: () => Promise<void>;
  /** How often it sweeps, ms; default five minutes. */
  readonly sweepMs?: number;
  /** How long it sleeps at most when nobody wakes it, ms; default 5000. */
  readonly pollMs?: number;
  readonly now?: () => number;
}

/**
 * Does what deliveries of other systems ask for, as soon as the API has taken them in. Any number of deliverers may run it.
 */
export function startInbound(options: InboundOptions): { stop(): Promise<void> } {
  const { pool, log, handlers, sweep, sweepMs = 300_000, pollMs = 5_000, now = Date.now } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const arrived = makeWakeup();
  let sweptAt = -Infinity;

  const session = keepSession({
    pool,
    log,
    name: 'inbound',
    async work(client, ended) {
      client.on('notification', () => arrived.set());
      await client.query('listen countersign_inbound');
      // Some may have come while nobody listened.
      arrived.set();
      const asleep = makeWakeup();
      while (!ended.aborted) {
        await asleep.wait(pollMs, ended);
        await client.query('select 1');
      }
    },
  });

  async function turn(): Promise<void> {
    const handled = await handleInbound(
      pool,
      {
        ...handlers,
        onError: (err, { system, kind }) =>
          log.warn({ err, system, kind }, 'a delivery could not be handled'),
      },
      now,
    );
    if (performance.now() - sweptAt >= sweepMs) {
      sweptAt = performance.now();
      await sweep();
    }
    if (handled === 0) await arrived.wait(pollMs, signal);
  }

  const running = (async () => {
    while (!signal.aborted) {
      try {
        await turn();
      } catch (err) {
        log.warn({ err }, 'deliveries could not be handled, and are looked for again');
        await arrived.wait(pollMs, signal);
      }
    }
  })();

  return {
    async stop() {
      stopping.abort();
      await running;
      await session.stop();
    },
  };
}
