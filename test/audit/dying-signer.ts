import { join } from 'node:path';
import { makeFileAnchor } from '../../audit/anchor.ts';
import { openLogMemory } from '../../audit/log-memory.ts';
import { startSequencer } from '../../audit/sequencer.ts';
import { startSigner } from '../../audit/signer.ts';
import { openDatabase } from '../../cli/database.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { logKeys, readSigners } from '../../cli/keys.ts';
import { makeLog } from '../../cli/process.ts';
import { withSigningPoints } from './signing-points.ts';

/* A signer on the key and the memory of a home, which kills itself by SIGKILL at the point that its argument names. */

const env = readEnvironment(process.env);
const log = makeLog('signer', env);
const pool = await openDatabase(env, log, { name: 'signer', max: 5 });
const folder = join(env.COUNTERSIGN_HOME, 'signer');
const { privateKey } = await logKeys(env);
startSequencer({ pool, log });
const options = {
  pool,
  memory: await openLogMemory(join(folder, 'memory')),
  keys: () => readSigners(privateKey),
  anchor: makeFileAnchor(join(folder, 'checkpoints.log')),
  log,
};
startSigner(
  withSigningPoints(options, (point) => {
    if (point === process.argv[2]) process.kill(process.pid, 'SIGKILL');
  }),
);
