import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTemporal } from '../../embedded/temporal.ts';
import type { EmbeddedTemporal, TemporalOptions } from '../../embedded/temporal.ts';
import { PROJECT_HOME } from '../support/stack.ts';

const searchAttributes = { CountersignOperation: 'Keyword', CountersignDecision: 'Keyword' } as const;

const operation = defineSearchAttributeKey('CountersignOperation', 'KEYWORD');

let folder: string;
let dbFilename: string;
const running: EmbeddedTemporal[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-test-'));
  dbFilename = join(folder, 'temporal.db');
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Partial<TemporalOptions> = {}): Promise<EmbeddedTemporal> {
  const server = await startTemporal({ home: PROJECT_HOME, env: process.env, searchAttributes, ...options });
  running.push(server);
  return server;
}

async function withClient<T>(server: EmbeddedTemporal, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: server.address });
  try {
    return await use(new Client({ connection, namespace: server.namespace }));
  } finally {
    await connection.close();
  }
}

const begin = (client: Client, workflowId: string): Promise<unknown> =>
  client.workflow.start('anything', {
    workflowId,
    taskQueue: 'nobody-listens',
    typedSearchAttributes: new TypedSearchAttributes([{ key: operation, value: 'ActiveCaCertificate' }]),
  });

const operationOf = async (client: Client, workflowId: string): Promise<unknown> => {
  const { typedSearchAttributes } = await client.workflow.getHandle(workflowId).describe();
  return typedSearchAttributes.get(operation);
};

test.each(['stop', 'SIGKILL'] as const)('workflows and search attributes survive %s', async (end) => {
  const workflowId = randomUUID();
  const first = await start({ dbFilename });
  await withClient(first, (client) => begin(client, workflowId));
  if (end === 'stop') await first.stop();
  else first.kill(end);
  await first.exited;

  const second = await start({ dbFilename });
  await withClient(second, async (client) => {
    expect(await operationOf(client, workflowId)).toBe('ActiveCaCertificate');
    const query = 'CountersignOperation = "ActiveCaCertificate" AND CountersignDecision IS NULL';
    // Kept for searching a little after it was begun, perhaps only now.
    await expect.poll(async () => (await client.workflow.count(query)).count, { timeout: 60_000 }).toBe(1);
  });
});

test('a search attribute and a namespace that a later version adds are there on the old file', async () => {
  const first = await start({ dbFilename });
  await first.stop();
  const second = await start({
    dbFilename,
    searchAttributes: { ...searchAttributes, CountersignLater: 'Keyword' },
  });
  await withClient(second, async (client) => {
    expect((await client.workflow.count('CountersignLater = "x"')).count).toBe(0);
  });
  await second.stop();
  const third = await start({ dbFilename, namespace: 'payments' });
  await withClient(third, (client) => begin(client, randomUUID()));
});

test('a namespace of its own can be used at once', async () => {
  const server = await start({ namespace: 'payments' });
  expect(server.namespace).toBe('payments');
  await withClient(server, (client) => begin(client, randomUUID()));
});

test('the web UI answers when asked for, and is absent otherwise', async () => {
  const withUi = await start({ uiPort: 8233 });
  const status = () => fetch(withUi.uiUrl ?? '').then((answer) => answer.status, String);
  await expect.poll(status, { timeout: 60_000 }).toBe(200);
  const without = await start();
  expect(without.uiUrl).toBeNull();
});

test('a taken port gives another one', async () => {
  const taken = createServer();
  const port = await new Promise<number>((resolve) => {
    taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
  });
  try {
    const server = await start({ port });
    expect(server.address).not.toBe(`127.0.0.1:${port}`);
  } finally {
    taken.close();
  }
});

test('a second server on the same file is refused', async () => {
  await start({ dbFilename });
  await expect(start({ dbFilename })).rejects.toThrow(`uses ${dbFilename}`);
});

test('without Python the error says what to do', async () => {
  const nothing = startTemporal({ home: folder, env: { PATH: folder } });
  await expect(nothing).rejects.toThrow(/python3 is not on PATH.*Remedy/u);
});
