import { join } from 'node:path';
import { createWitness } from '../audit/witness-server.ts';
import { openWitnessMemory } from '../audit/witness-memory.ts';
import { CountersignError } from '../domain/error.ts';
import type { Environment } from './environment.ts';
import { readLogVerifiers, readSigners, witnessKeys } from './keys.ts';
import { makeLog, untilStopped } from './process.ts';

/** The witness process: cosigns a log's checkpoints as long as each continues the one before. Needs no database. */
export async function runWitness(env: Environment, port: number): Promise<void> {
  const log = makeLog('witness', env);
  const { privateKey } = await witnessKeys(env);
  const [signer, ...others] = await readSigners(privateKey);
  if (signer?.algorithm !== 'cosignature/v1' || others.length > 0) {
    throw new CountersignError('invalid_configuration', `${privateKey}: expected one key of a cosigner`);
  }
  const server = createWitness({
    memory: await openWitnessMemory(join(env.COUNTERSIGN_HOME, 'witness', 'memory')),
    signer,
    logs: await readLogVerifiers(env, log),
    log,
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, env.HOST, resolve);
  });
  log.info({ address: env.HOST, port, key: signer.publicKey }, 'witness listens');
  await untilStopped();
  const closed = new Promise((resolve) => server.close(resolve));
  setTimeout(() => server.closeAllConnections(), 3000).unref();
  await closed;
}
