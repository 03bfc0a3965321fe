import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startChild } from '../embedded/child.ts';
import { entry, plainEnv, removeHome, temporaryHome } from './testbed.ts';
import { rounded } from './measure.ts';

/** From `countersign start` to its `ready` line: in an empty home, without a kept bundle, and with one. */
export async function benchStart(warmRuns: number) {
  const home = await temporaryHome(false);
  try {
    const seconds = {
      // Makes the database cluster, the schema, the keys and the bundle; programs that are downloaded were there.
      emptyHome: await untilReady(home),
      coldBundle: NaN,
      warm: [] as number[],
    };
    const cache = join(home, 'cache');
    if ((await readdir(cache)).length === 0) throw new Error('no bundle was kept');
    await rm(cache, { recursive: true });
    seconds.coldBundle = await untilReady(home);
    for (let i = 0; i < warmRuns; i += 1) seconds.warm.push(await untilReady(home));
    return { secondsToReady: seconds };
  } finally {
    await removeHome(home);
  }
}

async function untilReady(home: string): Promise<number> {
  const { seconds, stop } = await startEverything(home);
  await stop();
  return rounded(seconds);
}

/** `countersign start` in a home, once it is ready. @returns also after how many seconds that was */
export async function startEverything(home: string, more: NodeJS.ProcessEnv = {}) {
  const began = performance.now();
  let ready: (seconds: number) => void = () => undefined;
  const first = new Promise<number>((resolve) => (ready = resolve));
  const child = await startChild({
    command: process.execPath,
    args: [entry, 'start'],
    env: { ...plainEnv, COUNTERSIGN_HOME: home, ...more },
    log: (line) => (line.includes('ready after') ? ready((performance.now() - began) / 1000) : undefined),
    stopSignal: 'SIGTERM',
  });
  const stop = () => child.stop(30_000);
  const seconds = await Promise.race([first, child.exited.then(() => null)]);
  if (seconds === null) throw new Error(`start ended before it was ready:\n${child.lastLines()}`);
  return { seconds, stop };
}
