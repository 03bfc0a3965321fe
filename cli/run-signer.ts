import { join } from 'node:path';
import { makeFileAnchor } from '../audit/anchor.ts';
import { openLogMemory } from '../audit/log-memory.ts';
import { startSequencer } from '../audit/sequencer.ts';
import { startSigner } from '../audit/signer.ts';
import { openDatabase } from './database.ts';
import type { Environment } from './environment.ts';
import { logKeys, readSigners } from './keys.ts';
import { makeLog, untilStopped } from './process.ts';

/** The signer process: gives entries their place in the log, and signs its checkpoints. */
export async function runSigner(env: Environment): Promise<void> {
  const log = makeLog('signer', env);
  const { privateKey } = await logKeys(env);
  // Before anything else: a key that cannot be read ends the process.
  await readSigners(privateKey);
  const folder = join(env.COUNTERSIGN_HOME, 'signer');
  const memory = await openLogMemory(join(folder, 'memory'));
  const pool = await openDatabase(env, log, 'signer', 5);
  const fatal = env.COUNTERSIGN_FAULT_POINT;
  const sequencer = startSequencer({ pool, log });
  const signer = startSigner({
    pool,
    memory,
    keys: () => readSigners(privateKey),
    anchor: makeFileAnchor(join(folder, 'checkpoints.log')),
    log,
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
  await signer.stop();
  await sequencer.stop();
  await pool.end();
}
