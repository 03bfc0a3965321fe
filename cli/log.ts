import { join } from 'node:path';
import type { Pool } from 'pg';
import { makeFileAnchor } from '../audit/anchor.ts';
import { openLogMemory } from '../audit/log-memory.ts';
import { startSequencer } from '../audit/sequencer.ts';
import { startSigner } from '../audit/signer.ts';
import type { SignerLog, SignerOptions } from '../audit/signer.ts';
import type { Environment } from './environment.ts';
import { logKeys, readSigners } from './keys.ts';

/** The sequencer and the signer of a home; its key, memory and file of checkpoints are in `<home>/signer`. */
export async function startLog(
  env: Environment,
  pool: Pool,
  log: SignerLog,
  more: Pick<SignerOptions, 'onPublished' | 'onRefusal' | 'witness' | 'alarm'> = {},
): Promise<{ stop(): Promise<void> }> {
  const folder = join(env.COUNTERSIGN_HOME, 'signer');
  const { privateKey } = await logKeys(env);
  // First of all: a key that cannot be read ends the process.
  await readSigners(privateKey);
  const memory = await openLogMemory(join(folder, 'memory'));
  const sequencer = startSequencer({ pool, log });
  const signer = startSigner({
    pool,
    memory,
    keys: () => readSigners(privateKey),
    anchor: makeFileAnchor(join(folder, 'checkpoints.log')),
    log,
    ...more,
  });
  return {
    async stop() {
      await signer.stop();
      await sequencer.stop();
    },
  };
}
