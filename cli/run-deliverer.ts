import { setTimeout as delay } from 'node:timers/promises';
import { isoTime } from '../domain/time.ts';
import { isUnavailable } from '../domain/unavailable.ts';
import { listTicketHolders } from '../store/list-ticket-holders.ts';
import { startDeliverer } from '../tickets/outbox/deliverer.ts';
import { startInbound } from '../tickets/inbound/start-inbound.ts';
import type { Integrations } from '../tickets/integrations.ts';
import { keepFileSubscriptions } from '../tickets/outbox/keep-file-subscriptions.ts';
import { openDatabase } from './database.ts';
import { startDingTalkStreams } from './dingtalk-streams.ts';
import type { Environment } from './environment.ts';
import { openInboundWork } from './inbound-work.ts';
import { openIntegrations } from './integrations.ts';
import { serveDelivererMetrics } from './metrics.ts';
import { openOperations } from './operations.ts';
import { makeLog, untilStopped } from './process.ts';
import { openSinks } from './sinks.ts';
import type { Sinks } from './sinks.ts';
import { temporalConfig } from './temporal.ts';
import { ticketReports } from './ticket-reports.ts';
import { wayOut } from './way-out.ts';

/** How soon a database that could not be reached is tried again, ms. */
const retryMs = 5_000;

/**
 * The deliverer process: brings the log's entries to subscribers. It has a login of its own, and the secrets and writing tokens
 * that no other process has. SIGHUP reads the file of COUNTERSIGN_INTEGRATIONS again.
 */
export async function runDeliverer(env: Environment): Promise<void> {
  const log = makeLog('deliverer', env);
  const pool = await openDatabase(env, log, { name: 'deliverer', max: 15 });
  const metrics = await serveDelivererMetrics(env, pool);
  const operations = await openOperations(env);
  const { namespace } = temporalConfig();
  const given = {
    operations,
    reports: (system: string) => ticketReports(pool, namespace, system),
    holdersOf: (system: string) => (names: readonly string[]) => listTicketHolders(pool, system, names),
  };
  const integrations = await openIntegrations(env);
  let sinks = await openSinks(env, integrations, given);
  let inbound = await hear(integrations);
  let streams = await startDingTalkStreams(env, log, integrations);
  const stopping = new AbortController();
  const kept = keep(sinks);
  // One after the other: each ends what the one before has opened.
  let reading = Promise.resolve();
  process.on('SIGHUP', () => {
    reading = reading.then(readAgain).catch((err: unknown) => {
      log.error({ err: err as Error }, 'the integrations could not be read again; those of before hold');
    });
  });
  const running = startDeliverer({
    pool,
    log,
    sinkOf: (receiver) => sinks.sinkOf(receiver),
    onOutcome: metrics.onOutcome,
    keptMs: env.COUNTERSIGN_DELIVERED_DAYS * 86_400_000,
  });
  log.info('deliverer runs');
  await Promise.race([untilStopped(), kept.then(() => new Promise<never>(() => undefined))]);
  stopping.abort();
  await reading;
  await Promise.all([running.stop(), inbound.stop(), streams.stop()]);
  await pool.end();
  await metrics.stop();

  /** The file once more. What is wrong in it changes nothing. */
  async function readAgain(): Promise<void> {
    if (stopping.signal.aborted) return;
    const read = await openIntegrations(env);
    const made = await openSinks(env, read, given);
    // What is to be ended: the new ones, until they stand in the place of those of before.
    const over: { stop(): Promise<void> }[] = [];
    try {
      const connected = await startDingTalkStreams(env, log, read);
      over.push(connected);
      const heard = await hear(read);
      over.push(heard);
      await keep(made);
      over.splice(0, over.length, inbound, streams);
      [sinks, inbound, streams] = [made, heard, connected];
    } finally {
      await Promise.all(over.map((one) => one.stop()));
    }
  }

  /** Does what the API has heard of other systems. */
  async function hear(of: Integrations): Promise<ReturnType<typeof startInbound>> {
    const { fetch } = wayOut(env);
    return startInbound({
      ...{ pool, log },
      ...(await openInboundWork(of, { pool, operations, fetch, now: Date.now })),
    });
  }

  /** Tells the database of the file's subscriptions, once it can be reached: until then nothing new is delivered. */
  async function keep({ subscriptions }: Sinks): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await keepFileSubscriptions(pool, subscriptions, isoTime(Date.now()));
        log.info({ subscriptions: subscriptions.map(({ name }) => name) }, 'subscriptions read');
        return;
      } catch (err) {
        if (!isUnavailable(err)) throw err;
        log.warn({ err }, 'the subscriptions cannot be written yet');
      }
      await delay(retryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }
}
