import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { watchStored } from '../activities/watch-stored.ts';
import type { WatchPlace } from '../activities/watch-stored.ts';
import { namesWriter } from '../domain/entry-writer.ts';
import { makePool } from '../store/pool.ts';
import { fill } from './fill.ts';
import { entry, plainEnv } from './testbed.ts';
import type { Testbed } from './testbed.ts';
import { startInstallation } from './installation.ts';
import { rounded } from './measure.ts';
import { people } from './person.ts';
import { processorMs, residentMb } from './usage.ts';

/** Looks of a worker that are measured, and how often it takes one, ms. */
const looks = 100;
const lookEveryMs = 60_000;

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
      const whole = await compareOnce(installation.superuserUrl, size);
      figures[size] = { ...whole, background: await lookInBackground(testbed, installation.superuserUrl) };
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

/**
 * What a worker's look costs Postgres, which it takes every 60 s: a page of all changes and of all rules. One after another
 * here, without what has moved meanwhile.
 */
async function lookInBackground({ postgresPid }: Testbed, connectionString: string) {
  const pool = makePool({ connectionString, applicationName: 'countersign bench', max: 1 });
  const place: WatchPlace = { entryId: null, changeId: null };
  const watch = { pool, namespace: 'bench', alarm: () => undefined, verifyEntry: namesWriter };
  try {
    await watchStored(watch, place);
    const before = (await processorMs(postgresPid, true)) ?? NaN;
    for (let look = 0; look < looks; look += 1) {
      const told = await watchStored(watch, place);
      if (told > 0) throw new Error(`${told} differences`);
    }
    const each = (((await processorMs(postgresPid, true)) ?? NaN) - before) / looks;
    return { postgresMsEachLook: rounded(each), shareOfOneProcessor: rounded(each / lookEveryMs, 5) };
  } finally {
    await pool.end();
  }
}

/** Its memory; NaN once it has ended. */
function sampled(pid: number): number {
  try {
    return residentMb(pid);
  } catch {
    return NaN;
  }
}
