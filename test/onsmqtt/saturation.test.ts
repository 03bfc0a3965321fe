import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { calls } from '../simulator/control-client.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import type { Saturated, SaturationTask } from './saturating-worker.ts';

const key = { accessKeyId: 'key', accessKeySecret: 'secret' };
const target = { mqttInstanceId: 'post-cn-1', sn: '0072' };
const script = join(import.meta.dirname, 'saturating-worker.ts');

let database: TestDatabase;
let simulator: RunningSimulator;
let workers: ChildProcessWithoutNullStreams[] = [];

beforeAll(async () => {
  database = await cloneDatabase();
});
beforeEach(async () => {
  simulator = await startSimulator({
    accessKeys: { [key.accessKeyId]: key.accessKeySecret },
    callsPerSecond: 500,
    seed: [target],
  });
});
afterEach(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  workers = [];
  await simulator.close();
});
afterAll(() => database.drop());

interface RunningWorker {
  readonly process: ChildProcessWithoutNullStreams;
  begin(): void;
  readonly result: Promise<Saturated>;
}

async function startWorker(
  task: Pick<SaturationTask, 'account' | 'callers' | 'forMs'>,
): Promise<RunningWorker> {
  const whole: SaturationTask = {
    ...key,
    ...target,
    ...task,
    endpoint: simulator.url,
    databaseUrl: database.url('worker'),
  };
  const child = spawn(process.execPath, [script, JSON.stringify(whole)]);
  workers.push(child);
  child.stderr.setEncoding('utf8').on('data', (text: string) => console.error(text));
  const lines = createInterface({ input: child.stdout });
  const [ready] = (await once(lines, 'line')) as [string];
  expect(ready).toBe('ready');
  const result = once(lines, 'line').then(([line]) => JSON.parse(line as string) as Saturated);
  return { process: child, begin: () => child.stdin.write('go\n'), result };
}

/** Starts two workers on one account, lets them call, and tells what the vendor saw. */
async function saturate(forMs: number, meanwhile: (workers: RunningWorker[]) => Promise<void>) {
  const account = randomUUID();
  const both = [
    await startWorker({ account, callers: 300, forMs }),
    await startWorker({ account, callers: 300, forMs }),
  ];
  for (const worker of both) worker.begin();
  await meanwhile(both);
  const results = await Promise.all(both.map(({ result }) => result));
  const seen = await calls(simulator);
  const first = seen.calls[0]?.time ?? 0;
  const last = seen.calls.at(-1)?.time ?? 0;
  const perSecond = seen.total / ((last - first) / 1000);
  console.info(JSON.stringify({ total: seen.total, perSecond, peak: seen.peakPerSecond, results }));
  return { results, seen, perSecond };
}

test('two workers with hundreds of waiting calls never exceed the limit, and use most of it', async () => {
  const { results, seen, perSecond } = await saturate(4000, () => Promise.resolve());
  expect((await calls(simulator, '?code=Throttling.User')).calls).toEqual([]);
  expect(seen.peakPerSecond).toBeLessThanOrEqual(500);
  expect(results.map(({ faults }) => faults)).toEqual([{}, {}]);
  expect(results.reduce((sum, { answered }) => sum + answered, 0)).toBe(seen.total);
  for (const { answered } of results) expect(answered).toBeGreaterThan(0);
  // A loaded machine may make less of it.
  expect(perSecond).toBeGreaterThan(50);
});

test('a worker that is stopped for 600 ms in the middle does not make up for it', async () => {
  const { results, seen } = await saturate(4000, async ([stopped]) => {
    await delay(1500);
    stopped?.process.kill('SIGSTOP');
    await delay(600);
    stopped?.process.kill('SIGCONT');
  });
  expect((await calls(simulator, '?code=Throttling.User')).calls).toEqual([]);
  expect(seen.peakPerSecond).toBeLessThanOrEqual(500);
  expect(results.map(({ faults }) => faults)).toEqual([{}, {}]);
});
