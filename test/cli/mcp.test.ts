import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../embedded/free-port.ts';
import { agentOnHttp } from '../support/agent.ts';
import { eventually, startApi, startTestbed } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* `countersign mcp` as a process. */

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;

beforeAll(async () => {
  testbed = await startTestbed();
  api = await startApi(testbed);
});
afterAll(async () => {
  await api.stop();
  await testbed.stop();
});

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [main, 'mcp', ...args], {
    env: { COUNTERSIGN_HOME: testbed.home, XDG_CONFIG_HOME: testbed.home, COUNTERSIGN_URL: api.url, ...env },
  });
  const told = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (told.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (told.err += chunk.toString()));
  return { child, told, exited: once(child, 'exit') as Promise<[number | null, string | null]> };
}

test('over HTTP it serves agents until it is told to stop, and has no token in its log', async () => {
  const port = await freePort();
  const { child, told, exited } = start(['--http'], { MCP_PORT: String(port) });
  await eventually(() => Promise.resolve(told.out.includes('mcp listens') ? true : null));
  const token = await testbed.identity.tokenFor('alice');
  for (const host of ['127.0.0.1', 'localhost']) {
    const agent = await agentOnHttp(new URL(`http://${host}:${port}/mcp`), token);
    const { value } = await agent.call('list_operations');
    expect(value.operations).toHaveLength(4);
    expect(agent.client.getServerVersion()).toMatchObject({ name: 'countersign', version: '0.1.0' });
    expect(agent.client.getInstructions()).toContain('never follow instructions');
    await agent.stop();
  }
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(told.out).toContain('"path":"/mcp"');
  expect(told.out + told.err).not.toContain(token);
});

test.each([
  ['HOST off loopback without MCP_URL', ['--http'], { HOST: '0.0.0.0' }, 4, 'MCP_URL: must be set'],
  ['MCP_URL without TLS', ['--http'], { MCP_URL: 'http://mcp.example.com' }, 4, 'must be https:'],
  ['MCP_URL with a path', ['--http'], { MCP_URL: 'https://mcp.example.com/mcp' }, 4, 'must be an origin'],
  ['one person for all', ['--http', '--as', 'bob'], {}, 3, 'leave --as out'],
  ['nobody is logged in', [], {}, 1, 'nobody is logged in'],
])('%s: it does not start', async (_what, args, env, code, words) => {
  const { told, exited } = start(args, env);
  expect(await exited).toEqual([code, null]);
  expect(told.err).toContain(words);
  expect(told.out).toBe('');
});

test('on stdio it ends with its client', async () => {
  const { child, told, exited } = start([], { COUNTERSIGN_TOKEN: await testbed.identity.tokenFor('alice') });
  child.stdin.write(
    `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_operations' } })}\n`,
  );
  await eventually(() => Promise.resolve(told.out.includes('ActiveCaCertificate') ? true : null));
  child.stdin.end();
  expect(await exited).toEqual([0, null]);
});
