import { startSequencer } from '../audit/sequencer.ts';
import { makePool } from '../store/pool.ts';
import { refuseUnsafeLog } from './check-log.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';
import { makeLog, untilStopped } from './process.ts';

/** The signer process: gives entries their place in the log. */
export async function runSigner(env: Environment): Promise<void> {
  const log = makeLog('signer', env);
  const pool = makePool({
    connectionString: required(env, 'DATABASE_URL'),
    applicationName: 'countersign signer',
    max: 3,
    onError: (err) => log.warn({ err }, 'a database connection was lost'),
  });
  await refuseUnsafeLog(pool, log);
  const sequencer = startSequencer({ pool, log });
  log.info('signer runs');
  await untilStopped();
  await sequencer.stop();
  await pool.end();
}
