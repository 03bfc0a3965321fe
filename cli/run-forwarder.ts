import { startForwarder } from '../audit/forward/forwarder.ts';
import { forwardPlace } from './forward-place.ts';
import { makeAlarms } from './alarms.ts';
import { openDatabase } from './database.ts';
import type { Environment } from './environment.ts';
import { readLogVerifiers, readWitnessVerifiers } from './keys.ts';
import { serveForwarderMetrics } from './metrics.ts';
import { makeLog, untilStopped } from './process.ts';

/**
 * The forwarder process: brings the log, as it is sealed, to COUNTERSIGN_FORWARD_TO. Its login only reads, and it has no key
 * of ours.
 *
 * @param options - `again`: its first round looks at everything that is there
 */
export async function runForwarder(env: Environment, options: { readonly again: boolean }): Promise<void> {
  const log = makeLog('forwarder', env);
  const place = await forwardPlace(env);
  const witnessed = env.COUNTERSIGN_WITNESS_REQUIRED === 'true';
  const keys = {
    log: await readLogVerifiers(env, log),
    witnesses: witnessed ? await readWitnessVerifiers(env, log) : [],
  };
  const pool = await openDatabase(env, log, { name: 'forwarder', max: 3 });
  const alarms = makeAlarms(log);
  const metrics = await serveForwarderMetrics(env, pool, alarms);
  const running = startForwarder({
    db: pool,
    place,
    keys,
    everyMs: env.COUNTERSIGN_FORWARD_SECONDS * 1000,
    again: options.again,
    alarm: alarms.raise,
    log,
    onForwarded: metrics.onForwarded,
    onRefusal: metrics.onRefusal,
  });
  log.info({ place: place.name }, 'forwarder runs');
  await untilStopped();
  await running.stop();
  await pool.end();
  await metrics.stop();
}
