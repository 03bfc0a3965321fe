import { servedRegion } from '../onsmqtt/region.ts';
import { startSimulator } from '../simulator/server.ts';
import type { Environment } from './environment.ts';
import { makeLog, untilStopped } from './process.ts';

/** The simulator as a process of its own; its access key is the environment's, otherwise the simulator's default. */
export async function runSimulator(
  env: Environment,
  { port, trail }: { readonly port: number; readonly trail?: string },
): Promise<void> {
  const log = makeLog('simulator', env);
  const { ALIBABA_CLOUD_ACCESS_KEY_ID: id, ALIBABA_CLOUD_ACCESS_KEY_SECRET: secret } = env;
  const simulator = await startSimulator({
    port,
    regionId: servedRegion(env.ONSMQTT_REGION, 'http://127.0.0.1'),
    ...(trail === undefined ? {} : { trailFile: trail }),
    ...(id !== undefined && secret !== undefined ? { accessKeys: { [id]: secret } } : {}),
    log: (line) => log.debug(line, 'call'),
  });
  log.info({ url: simulator.url }, 'simulator listens');
  await untilStopped();
  await simulator.close();
}
