import { randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onTaskQueue } from '../../activities/driver-on-queue.ts';
import { bundledOperations } from '../../operations/bundled.ts';
import { makeImplementations } from '../../operations/implementations.ts';
import { makeOperations } from '../../operations/registry.ts';
import { revokeBadge } from '../support/badges/revoke-badge.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { bundledBy } from '../support/operations.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { decide, stepsOf } from '../support/steps.ts';

/* A host's worker process is killed while it makes a call that was handed over to it. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let host: ReturnType<typeof startHost>;
const revoked = new Set<string>();
const calls: string[] = [];
/** Badges whose next call is never answered, and whether it has done its work. */
const hangs = new Map<string, boolean>();

const service = createServer((req, res) => {
  const badge = (req.url ?? '').slice(1);
  if (req.method === 'POST') {
    calls.push(badge);
    const works = hangs.get(badge);
    hangs.delete(badge);
    if (works !== false) revoked.add(badge);
    if (works !== undefined) return;
  }
  res.end(JSON.stringify({ id: randomUUID(), state: revoked.has(badge) ? 'revoked' : 'granted' }));
});

function startHost() {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../support/badges/worker.ts')], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      TEMPORAL_ADDRESS: testbed.temporalAddress,
      TEMPORAL_NAMESPACE: testbed.namespace,
      BADGES_URL: `http://127.0.0.1:${(service.address() as AddressInfo).port}`,
    },
  });
  const exited = once(child, 'exit');
  return {
    async kill(): Promise<void> {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

beforeAll(async () => {
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  testbed = await startTestbed();
  const operations = makeOperations([...bundledOperations, revokeBadge]);
  const implementations = makeImplementations(operations, [
    ...bundledBy(testbed.simulator.url),
    onTaskQueue(revokeBadge, 'badges'),
  ]);
  [api, workers] = await Promise.all([
    startApi(testbed, { operations }),
    startWorkers(testbed, { operations, implementations }),
  ]);
  host = startHost();
});
afterAll(async () => {
  expect(await findingsInLog(testbed)).toEqual([]);
  await host.kill();
  await workers.stop();
  await api.stop();
  await testbed.stop();
  service.closeAllConnections();
  service.close();
});

async function approved(badge: string): Promise<string> {
  const body = { operation: 'RevokeBadge', input: { badge }, justification: 'lost' };
  const { id } = await api.users.alice.post<{ id: string }>('/v1/changes', body, {
    'Idempotency-Key': randomUUID(),
  });
  await decide(api.users.bob, await changeThat(api.users.bob, id, (c) => c.digest !== null));
  return id;
}

test('what its call did is read first, and what it did not do is called again', async () => {
  hangs.set('B-1', true).set('B-2', false);
  const [did, didNot] = [await approved('B-1'), await approved('B-2')];
  await eventually(() => Promise.resolve(calls.length === 2 ? true : null));
  await host.kill();
  host = startHost();
  const { ended } = stepsOf(api);
  const unknown = { outcome: 'unknown', class: 'unknown' };
  expect(await ended(did)).toMatchObject({
    executionStatus: 'succeeded',
    outcome: { reconciled: true },
    attempts: [unknown],
  });
  expect(await ended(didNot)).toMatchObject({
    executionStatus: 'succeeded',
    attempts: [unknown, { outcome: 'succeeded' }],
  });
  expect(calls.toSorted()).toEqual(['B-1', 'B-2', 'B-2']);
}, 240_000);
