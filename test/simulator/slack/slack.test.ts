import { afterEach, beforeEach, expect, test } from 'vitest';
import { startSlack } from '../../../simulator/slack/server.ts';
import type { RunningSlack } from '../../../simulator/slack/server.ts';

let slack: RunningSlack;
const clock = { ms: Date.now() };
beforeEach(async () => {
  slack = await startSlack({ clock: () => clock.ms });
});
afterEach(() => slack.close());

async function call(method: string, args: object, token: string | null = 'local-slack-token') {
  const response = await fetch(`${slack.url}/api/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(args),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

const text = { channel: 'C0CHANGES', text: 'hello' };

test.each<[string, string, object, string | null, string]>([
  ['no token', 'chat.postMessage', text, null, 'not_authed'],
  ['another token', 'chat.postMessage', text, 'x', 'invalid_auth'],
  ['a method that is not there', 'chat.nothing', text, 'local-slack-token', 'unknown_method'],
  ['a scope that is missing', 'users.info', { user: 'U0BOB' }, 'local-slack-token', 'missing_scope'],
  [
    'another channel',
    'chat.postMessage',
    { ...text, channel: 'C9' },
    'local-slack-token',
    'channel_not_found',
  ],
  ['no text', 'chat.postMessage', { channel: 'C0CHANGES' }, 'local-slack-token', 'no_text'],
  [
    'blocks of no kind',
    'chat.postMessage',
    { ...text, blocks: [{ type: 'x' }] },
    'local-slack-token',
    'invalid_blocks',
  ],
  [
    'metadata of no form',
    'chat.postMessage',
    { ...text, metadata: {} },
    'local-slack-token',
    'invalid_metadata_format',
  ],
  [
    'a message that is not there',
    'chat.update',
    { ...text, ts: '1.2' },
    'local-slack-token',
    'message_not_found',
  ],
  [
    'a trigger that is none',
    'views.open',
    { trigger_id: 'x', view: {} },
    'local-slack-token',
    'invalid_trigger_id',
  ],
])('%s is refused with 200', async (_what, method, args, token, error) => {
  const { status, body } = await call(method, args, token);
  expect([status, body['ok'], body['error']]).toEqual([200, false, error]);
});

test('posts to one channel are limited to one a second after a burst', async () => {
  await slack.close();
  slack = await startSlack({ clock: () => clock.ms, limits: { posts: { perSecond: 1, burst: 3 } } });
  for (let i = 0; i < 3; i += 1) expect((await call('chat.postMessage', text)).status).toBe(200);
  const refused = await call('chat.postMessage', text);
  expect([refused.status, refused.headers.get('retry-after'), refused.body['error']]).toEqual([
    429,
    '3',
    'ratelimited',
  ]);
  clock.ms += 3000;
  expect((await call('chat.postMessage', text)).status).toBe(200);
});

test('the history is in pages, newest first, within its bounds, and tells of metadata only what is asked for', async () => {
  const metadata = { event_type: 'e', event_payload: { a: '1' } };
  const posted: string[] = [];
  for (let i = 0; i < 5; i += 1) {
    posted.push(String((await call('chat.postMessage', { ...text, metadata })).body['ts']));
    clock.ms += 1000;
  }
  const read = async (args: object) =>
    (await call('conversations.history', { channel: 'C0CHANGES', ...args })).body as {
      messages: { ts: string; metadata: unknown }[];
      has_more: boolean;
      response_metadata: { next_cursor: string };
    };
  const first = await read({ limit: 2 });
  expect(first.messages.map(({ ts }) => ts)).toEqual([posted[4], posted[3]]);
  expect(first.has_more).toBe(true);
  const second = await read({ limit: 2, cursor: first.response_metadata.next_cursor });
  expect(second.messages.map(({ ts }) => ts)).toEqual([posted[2], posted[1]]);
  const between = await read({ oldest: posted[1], latest: posted[3] });
  expect(between.messages.map(({ ts }) => ts)).toEqual([posted[2]]);
  const inclusive = await read({ oldest: posted[1], latest: posted[3], inclusive: true });
  expect(inclusive.messages).toHaveLength(3);
  expect(first.messages[0]?.metadata).toEqual({ event_type: 'e' });
  expect((await read({ include_all_metadata: true })).messages[0]?.metadata).toEqual(metadata);
});

test('an answer that does nothing: ok, and nothing is posted', async () => {
  await fetch(`${slack.url}/_sim/faults`, { method: 'POST', body: JSON.stringify({ kind: 'unchanged' }) });
  expect((await call('chat.postMessage', text)).body['ok']).toBe(true);
  expect(slack.workspace.channels[0]?.messages).toEqual([]);
});

test('the page shows messages, and nothing of people’s as HTML', async () => {
  const blocks = [
    { type: 'section', text: { type: 'plain_text', text: '&lt;script&gt;alert(1)&lt;/script&gt; <b>' } },
    {
      type: 'actions',
      elements: [{ type: 'button', action_id: 'a', text: { type: 'plain_text', text: 'Press' } }],
    },
  ];
  await call('chat.postMessage', { ...text, blocks });
  const page = await (await fetch(`${slack.url}/_sim`)).text();
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &lt;b&gt;');
  expect(page).toContain('<button disabled>Press</button>');
  expect(page).not.toContain('<script>');
});
