import { startSequencer } from '../audit/sequencer.ts';
import { openDatabase } from './database.ts';
import type { Environment } from './environment.ts';
import { makeLog, untilStopped } from './process.ts';

/** The signer process: gives entries their place in the log. */
export async function runSigner(env: Environment): Promise<void> {
  const log = makeLog('signer', env);
  const pool = await openDatabase(env, log, 'signer', 3);
  const sequencer = startSequencer({ pool, log });
  log.info('signer runs');
  await untilStopped();
  await sequencer.stop();
  await pool.end();
}
