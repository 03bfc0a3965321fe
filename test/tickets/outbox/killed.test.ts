import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHookServer } from '../webhook/hook-server.ts';
import type { DelivererTask } from './deliverer-process.ts';
import { startOutboxTestbed, until } from './outbox-testbed.ts';
import type { OutboxTestbed } from './outbox-testbed.ts';

let testbed: OutboxTestbed;
const children: ChildProcess[] = [];
beforeEach(async () => {
  testbed = await startOutboxTestbed();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await testbed.stop();
});

function start(url: string): ChildProcess {
  const task: DelivererTask = { databaseUrl: testbed.database.url('deliverer'), url, deadlineMs: 5000 };
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'deliverer-process.ts'), JSON.stringify(task)],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  children.push(child);
  return child;
}

test('killed between a message and its record, again and again: each entry comes, repeats are known by their id', async () => {
  let child: ChildProcess | null = null;
  const server = await startHookServer(async (nth) => {
    // The message has come, and its answer never arrives.
    if (nth !== 2 && nth !== 5) return 200;
    const killed = child;
    killed?.kill('SIGKILL');
    if (killed) await once(killed, 'exit');
    child = start(server.url);
    return null;
  });
  try {
    await testbed.subscribe({ name: 'hook' });
    child = start(server.url);
    const changes = await testbed.ask(5);
    await testbed.add(changes);
    const ids = () => new Set(server.received.map(({ headers }) => headers['webhook-id']));
    await until(() => ids().size === 10 && server.received.length >= 12);
    // The bodies of repeats are the same, too.
    expect(new Set(server.received.map(({ body }) => body)).size).toBe(10);
    for (const { id } of changes) {
      const indexes = server.received
        .map(({ json }) => json['data'] as { index: number; change: { id: string } })
        .filter(({ change }) => change.id === id)
        .map(({ index }) => index);
      const [first, second] = [...new Set(indexes)];
      // No entry comes before the one before it has come.
      expect(first).toBeLessThan(second ?? 0);
    }
    await until(async () =>
      (await Promise.all(changes.map(({ id }) => testbed.row('hook', id)))).every(
        (row) => row?.lastIndex === row?.wantedIndex,
      ),
    );
  } finally {
    await server.stop();
  }
});
