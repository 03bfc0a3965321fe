import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openCheckpoint } from '../../audit/checkpoint.ts';
import { formatWitnessRequest } from '../../audit/witness-request.ts';
import { keyPair, memoryLog } from './tree-fixture.ts';
import { witnessOn } from './witness-fixture.ts';

const origin = 'log.example/a';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'countersign-witness-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function witness(...options: Parameters<typeof witnessOn>) {
  const started = await witnessOn(...options);
  return {
    ...started,
    async add(body: string | Uint8Array): Promise<{ status: number; type: string | null; body: string }> {
      const response = await fetch(`${started.url}/add-checkpoint`, { method: 'POST', body: body as string });
      return {
        status: response.status,
        type: response.headers.get('content-type'),
        body: await response.text(),
      };
    },
  };
}

test('each tree that continues the last gets a cosignature that verifies', async () => {
  const log = memoryLog(origin);
  const w = await witness(await folder(), [log.key]);
  let old = 0;
  for (const count of [1, 1, 5, 9, 1, 0]) {
    for (let n = 0; n < count; n += 1) log.grow(`entry ${log.size()}`);
    const answer = await w.add(await log.request(old));
    expect(answer.status).toBe(200);
    const opened = openCheckpoint((await log.checkpoint()) + answer.body, {
      log: log.key.verifier,
      witnesses: [w.key.verifier],
    });
    expect(opened.cosignatures).toMatchObject([{ name: 'witness.example', algorithm: 'cosignature/v1' }]);
    expect(Math.abs((opened.cosignatures[0]?.time ?? 0) - Date.now() / 1000)).toBeLessThan(60);
    old = log.size();
  }
});

test('a wrong old size is answered with the right one, after a restart too', async () => {
  const path = await folder();
  const log = memoryLog(origin);
  log.grow('a', 'b', 'c');
  const first = await witness(path, [log.key]);
  expect((await first.add(await log.request(0))).status).toBe(200);
  await first.stop();
  const second = await witness(path, [log.key]);
  log.grow('d');
  expect(await second.add(await log.request(0))).toEqual({
    status: 409,
    type: 'text/x.tlog.size',
    body: '3\n',
  });
  expect(await second.add(await log.request(2))).toMatchObject({ status: 409, body: '3\n' });
  expect((await second.add(await log.request(3))).status).toBe(200);
  expect(second.alarms).toEqual([]);
});

test('a fork gets no cosignature and is told of, whether it is longer, shorter or as long', async () => {
  const key = keyPair(origin);
  const honest = memoryLog(origin, key);
  const fork = memoryLog(origin, key);
  honest.grow('a', 'b', 'c');
  fork.grow('a', 'B', 'c');
  const w = await witness(await folder(), [key]);
  expect((await w.add(await honest.request(0))).status).toBe(200);
  // As long: the same size with another root.
  expect(await w.add(await fork.request(3))).toMatchObject({ status: 409, body: '3\n' });
  fork.grow('d', 'e');
  expect((await w.add(await fork.request(3))).status).toBe(422);
  expect(w.alarms).toHaveLength(2);
  // Shorter: the log would have to say that the last size was smaller, and it was not.
  expect((await w.add(await fork.request(1, 2))).status).toBe(409);
  expect((await w.add(await fork.request(3, 2).catch(() => 'old 3\n\n'))).status).toBe(400);
  honest.grow('d');
  expect((await w.add(await honest.request(3))).status).toBe(200);
});

test.each<[string, number, (log: ReturnType<typeof memoryLog>) => Promise<string> | string]>([
  ['no request at all', 400, () => 'hello'],
  [
    'a checkpoint smaller than the old size',
    400,
    async (log) => formatWitnessRequest({ oldSize: 3, proof: [], checkpoint: await log.checkpoint(2) }),
  ],
  ['an unknown log', 404, async () => memoryLog('log.example/other').request(0)],
  ['another key of the same name', 403, async () => memoryLog(origin).request(0)],
  ['an altered root', 403, async (log) => (await log.request(0)).replace('\n3\n', '\n4\n')],
  [
    'a proof from nothing',
    422,
    async (log) =>
      formatWitnessRequest({ oldSize: 0, proof: [Buffer.alloc(32)], checkpoint: await log.checkpoint() }),
  ],
  ['more than 32 KiB', 400, async (log) => `${await log.request(0)}${'— a b\n'.repeat(6000)}`],
])('%s is answered %i', async (_, status, body) => {
  const log = memoryLog(origin);
  log.grow('a', 'b', 'c');
  const w = await witness(await folder(), [log.key]);
  expect((await w.add(await body(log))).status).toBe(status);
  expect(w.alarms).toEqual([]);
  expect((await w.add(await log.request(0))).status).toBe(200);
});

test('bytes that are no UTF-8, other addresses and methods', async () => {
  const log = memoryLog(origin);
  const w = await witness(await folder(), [log.key]);
  expect((await w.add(Buffer.from([0xff, 0xfe]))).status).toBe(400);
  expect((await fetch(`${w.url}/add-checkpoint`)).status).toBe(405);
  expect((await fetch(`${w.url}/other`, { method: 'POST' })).status).toBe(404);
  expect((await fetch(`${w.url}/healthz`)).status).toBe(200);
});

test('signatures of others beside the log’s do not matter', async () => {
  const log = memoryLog(origin);
  log.grow('a');
  const w = await witness(await folder(), [log.key]);
  const checkpoint = await log.checkpoint(1, [keyPair('x.example').signer, log.key.signer]);
  expect((await w.add(formatWitnessRequest({ oldSize: 0, proof: [], checkpoint }))).status).toBe(200);
});

test('two witnesses with one memory, both asked at once, cosign one history', async () => {
  const path = await folder();
  const key = keyPair(origin);
  const cosigner = keyPair('witness.example', 'cosignature/v1');
  const pair = await Promise.all([witness(path, [key], cosigner), witness(path, [key], cosigner)]);
  const base = memoryLog(origin, key);
  base.grow('a');
  expect((await pair[0].add(await base.request(0))).status).toBe(200);
  const forks = await Promise.all(
    Array.from({ length: 8 }, async (_, n) => {
      const fork = memoryLog(origin, key);
      fork.grow('a', `fork ${n}`);
      return (await pair[n % 2 === 0 ? 0 : 1].add(await fork.request(1))).status;
    }),
  );
  expect(forks.filter((status) => status === 200)).toHaveLength(1);
});

test('a clock that goes back does not take a cosignature’s time back', async () => {
  const log = memoryLog(origin);
  let now = Date.now();
  const w = await witness(await folder(), [log.key], undefined, () => now);
  const times: number[] = [];
  for (const hours of [0, 5, -5]) {
    now += hours * 3_600_000;
    log.grow('x');
    const answer = await w.add(await log.request(log.size() - 1));
    const keys = { log: log.key.verifier, witnesses: [w.key.verifier] };
    times.push(openCheckpoint((await log.checkpoint()) + answer.body, keys).cosignatures[0]?.time ?? 0);
  }
  expect(times[1]).toBe(times[2]);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(18_000);
});
