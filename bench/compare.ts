import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fill } from './fill.ts';
import { entry, plainEnv } from './testbed.ts';
import type { Testbed } from './testbed.ts';
import { startInstallation } from './installation.ts';
import { rounded } from './measure.ts';
import { people } from './person.ts';
import { residentMb } from './usage.ts';

/** `countersign audit compare` over so many changes that are what their entries make them, in a process of its own. */
export async function benchCompare(testbed: Testbed, sizes: readonly number[]) {
  const installation = await startInstallation(testbed, 'compare');
  try {
    const team = await people(testbed, installation);
    const [sn = ''] = await testbed.certificates(1);
    const modelId = await team.wholeChange(sn, 'poll');
    const figures: Record<string, object> = {};
    let stored = 1;
    for (const size of sizes) {
      await fill(installation.superuserUrl, modelId, size - stored, 'model');
      stored = size;
      figures[size] = await compareOnce(installation.superuserUrl, size);
    }
    return { changes: figures };
  } finally {
    await installation.stop();
  }
}

async function compareOnce(databaseUrl: string, expected: number) {
  const from = performance.now();
  const child = spawn(process.execPath, [entry, 'audit', 'compare', '--json'], {
    env: { ...plainEnv, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (part: Buffer) => {
    text += part.toString('utf8');
  });
  const ended = new Promise<'ended'>((resolve) => child.once('close', () => resolve('ended')));
  let highest = 0;
  do {
    const mb = child.pid === undefined ? NaN : sampled(child.pid);
    if (mb > highest) highest = mb;
  } while ((await Promise.race([ended, delay(200)])) !== 'ended');
  const seconds = (performance.now() - from) / 1000;
  const { compared, differences } = JSON.parse(text) as { compared: number; differences: unknown[] };
  if (compared !== expected || differences.length > 0) {
    throw new Error(
      `${compared} of ${expected} compared, ${differences.length} differ: ${text.slice(0, 1000)}`,
    );
  }
  return {
    seconds: rounded(seconds),
    microsecondsEach: rounded((seconds * 1e6) / compared, 0),
    mostMb: rounded(highest),
  };
}

/** Its memory; NaN once it has ended. */
function sampled(pid: number): number {
  try {
    return residentMb(pid);
  } catch {
    return NaN;
  }
}
