import { openDatabase } from './database.ts';
import type { Environment } from './environment.ts';
import { startLog } from './log.ts';
import { makeLog, untilStopped } from './process.ts';

/** The signer process: gives entries their place in the log, and signs its checkpoints. */
export async function runSigner(env: Environment): Promise<void> {
  const log = makeLog('signer', env);
  const pool = await openDatabase(env, log, 'signer', 5);
  const fatal = env.COUNTERSIGN_FAULT_POINT;
  const running = await startLog(env, pool, log, {
    ...(fatal === undefined
      ? {}
      : {
          at: (point) => {
            if (point === fatal) process.kill(process.pid, 'SIGKILL');
          },
        }),
  });
  log.info('signer runs');
  await untilStopped();
  await running.stop();
  await pool.end();
}
