import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { verifyJiraWebhook } from '../../../tickets/jira/webhook.ts';
import { localJira, person } from '../../tickets/jira/local-jira.ts';
import type { LocalJira } from '../../tickets/jira/local-jira.ts';

const secret = "It's a Secret to Everybody";
let jira: LocalJira;
let hook: Awaited<ReturnType<typeof startHook>>;

/** What Jira sends its events to; it answers with `statuses` in turn, and then 204. */
async function startHook() {
  const got: { raw: Buffer; headers: Record<string, string | undefined> }[] = [];
  const statuses: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      got.push({
        raw: Buffer.concat(chunks),
        headers: request.headers as Record<string, string | undefined>,
      });
      response.writeHead(statuses.shift() ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    got,
    statuses,
    hints: () => got.map((one) => verifyJiraWebhook(one, ['another', secret], Date.now())),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

beforeEach(async () => {
  jira = await localJira();
  hook = await startHook();
  await jira.control('PUT', '/issues', [{ key: 'OPS-1' }, { key: 'OPS-2' }]);
});
afterEach(async () => {
  hook.stop();
  await jira.stop();
});

const listen = (more: object = {}) =>
  jira.control('PUT', '/settings', { webhook: { url: hook.url, secret, retryMs: 5, ...more } });
const keysOf = (hints: ReturnType<typeof hook.hints>) =>
  hints.map((one) => ('hint' in one ? one.hint.ticket?.key : one.refusal));

test('what a person does comes signed, with who did it', async () => {
  await listen();
  await jira.byHand('OPS-1', 'In Progress');
  await vi.waitFor(() => expect(hook.got).toHaveLength(1));
  expect(hook.hints()).toMatchObject([{ hint: { ticket: { key: 'OPS-1' }, account: person.accountId } }]);
});

test('twice is the same delivery', async () => {
  await listen({ mode: 'twice' });
  await jira.byHand('OPS-1', 'In Progress');
  await vi.waitFor(() => expect(hook.got).toHaveLength(2));
  const [first, second] = hook.hints();
  expect(first).toEqual(second);
});

test('one that is not taken comes again, as the same delivery; after a 400 it is lost', async () => {
  await listen();
  hook.statuses.push(503, 429);
  await jira.byHand('OPS-1', 'In Progress');
  await vi.waitFor(() => expect(hook.got).toHaveLength(3));
  expect(new Set(hook.hints().map((one) => JSON.stringify(one))).size).toBe(1);
  hook.statuses.push(400);
  await jira.byHand('OPS-2', 'In Progress');
  await vi.waitFor(async () => {
    const { webhooks } = (await jira.control('GET', '/webhooks')) as { webhooks: { statuses: number[] }[] };
    expect(webhooks.map(({ statuses }) => statuses)).toEqual([[503, 429, 204], [400]]);
  });
});

test('lost, and out of order', async () => {
  await listen({ mode: 'lost' });
  await jira.byHand('OPS-1', 'In Progress');
  await listen({ mode: 'reordered' });
  await jira.byHand('OPS-1', 'On Hold');
  await jira.byHand('OPS-2', 'In Progress');
  await vi.waitFor(() => expect(hook.got).toHaveLength(2));
  expect(keysOf(hook.hints()).sort()).toEqual(['OPS-1', 'OPS-2']);
});
