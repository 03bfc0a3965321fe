import { createWitness } from '../audit/witness-server.ts';
import { beginWitnessMemory, witnessForgot } from '../audit/witness-memory.ts';
import { CountersignError } from '../domain/error.ts';
import type { Environment } from './environment.ts';
import { readLogVerifiers, readSigners, witnessKeys, witnessMemory } from './keys.ts';
import { makeLog, untilStopped } from './process.ts';

/** The witness process: cosigns a log's checkpoints as long as each continues the one before. Needs no database. */
export async function runWitness(env: Environment, port: number): Promise<void> {
  const log = makeLog('witness', env);
  const memory = await witnessMemory(env);
  const { privateKey } = await witnessKeys(env);
  const [signer, ...others] = await readSigners(privateKey);
  if (signer?.algorithm !== 'cosignature/v1' || others.length > 0) {
    throw new CountersignError('invalid_configuration', `${privateKey}: expected one key of a cosigner`);
  }
  if ((await memory.read()) === null) log.fatal(witnessForgot);
  const server = createWitness({
    memory,
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

/**
 * `countersign witness --first`: begins the memory of a witness that was given its key, or whose memory is lost, and ends.
 *
 * @throws CountersignError `invalid_request` when it has a memory
 */
export async function beginWitness(env: Environment): Promise<void> {
  if (!(await beginWitnessMemory(await witnessMemory(env)))) {
    throw new CountersignError('invalid_request', 'this witness has a memory: there is nothing to begin');
  }
}
