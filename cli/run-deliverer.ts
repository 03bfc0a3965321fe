import type { Pool } from 'pg';
import { isoTime } from '../domain/time.ts';
import { startDeliverer } from '../tickets/outbox/deliverer.ts';
import { keepFileSubscriptions } from '../tickets/outbox/keep-file-subscriptions.ts';
import { openDatabase } from './database.ts';
import type { Environment } from './environment.ts';
import { openIntegrations } from './integrations.ts';
import { serveDelivererMetrics } from './metrics.ts';
import { makeLog, untilStopped } from './process.ts';
import { openSinks } from './sinks.ts';
import type { Sinks } from './sinks.ts';

/**
 * The deliverer process: brings the log's entries to subscribers. It has a login of its own, and the secrets and writing tokens
 * that no other process has. SIGHUP reads the file of COUNTERSIGN_INTEGRATIONS again.
 */
export async function runDeliverer(env: Environment): Promise<void> {
  const log = makeLog('deliverer', env);
  const pool = await openDatabase(env, log, 'deliverer', 15);
  const metrics = await serveDelivererMetrics(env, pool);
  let sinks = await readFiles(env, pool);
  const tell = () =>
    log.info({ subscriptions: sinks.subscriptions.map(({ name }) => name) }, 'subscriptions read');
  tell();
  process.on('SIGHUP', () => {
    readFiles(env, pool).then(
      (again) => {
        sinks = again;
        tell();
      },
      (err: unknown) => {
        log.error({ err: err as Error }, 'the integrations could not be read again; those of before hold');
      },
    );
  });
  const running = startDeliverer({
    pool,
    log,
    sinkOf: (receiver) => sinks.sinkOf(receiver),
    onOutcome: metrics.onOutcome,
  });
  log.info('deliverer runs');
  await untilStopped();
  await running.stop();
  await pool.end();
  await metrics.stop();
}

async function readFiles(env: Environment, pool: Pool): Promise<Sinks> {
  const sinks = await openSinks(env, await openIntegrations(env));
  await keepFileSubscriptions(pool, sinks.subscriptions, isoTime(Date.now()));
  return sinks;
}
