import { startWitnessClient } from '../audit/witness-client.ts';
import { openDatabase } from './database.ts';
import { makeAlarms } from './alarms.ts';
import { announceWitnessKeys } from './announce-rotations.ts';
import type { Environment } from './environment.ts';
import { readWitnessVerifiers } from './keys.ts';
import { startLog } from './log.ts';
import { serveSignerMetrics } from './metrics.ts';
import { makeLog, untilStopped } from './process.ts';
import { wayOut } from './way-out.ts';

/** The signer process: gives entries their place in the log, signs its checkpoints, and has a witness cosign them. */
export async function runSigner(env: Environment): Promise<void> {
  const log = makeLog('signer', env);
  const pool = await openDatabase(env, log, { name: 'signer', max: 5 });
  const alarms = makeAlarms(log);
  const metrics = await serveSignerMetrics(env, alarms);
  const witness =
    env.COUNTERSIGN_WITNESS_URL === undefined
      ? null
      : startWitnessClient({
          pool,
          url: env.COUNTERSIGN_WITNESS_URL,
          witnesses: await readWitnessVerifiers(env, log),
          log,
          onAnswer: metrics.onAnswer,
          fetch: wayOut(env).fetch,
          alarm: alarms.raise,
        });
  const running = await startLog(env, pool, log, {
    witness,
    alarm: alarms.raise,
    onPublished(checkpoint) {
      metrics.onPublished(checkpoint);
      witness?.wake();
    },
    onRefusal: metrics.onRefusal,
  });
  const rotations = await announceWitnessKeys(env, pool, log);
  log.info('signer runs');
  await untilStopped();
  rotations.stop();
  await witness?.stop();
  await running.stop();
  await pool.end();
  await metrics.stop();
}
