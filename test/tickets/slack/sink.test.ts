import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EntryBody } from '../../../domain/entry.ts';
import { isoTime } from '../../../domain/time.ts';
import type { RestFault } from '../../../simulator/rest-endpoint.ts';
import { startSlack } from '../../../simulator/slack/server.ts';
import type { RunningSlack } from '../../../simulator/slack/server.ts';
import { RemoteError } from '../../../tickets/remote-error.ts';
import { changeStory, person } from '../../audit/change-story.ts';
import type { ChangeStory } from '../../audit/change-story.ts';
import {
  awaiting,
  buttonsOf,
  deliveryOf,
  faulty,
  Killed,
  messagesIn,
  nothingKept,
  slackSink,
  steer,
  textIn,
  toTheEnd,
} from './slack-testbed.ts';

let slack: RunningSlack;
beforeEach(async () => {
  slack = await startSlack({ limits: { posts: null } });
});
afterEach(() => slack.close());

const both = ['countersign.approve', 'countersign.reject'];

/** What a delivery was refused with. */
async function faultOf(work: Promise<unknown>): Promise<RemoteError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RemoteError)) throw new Error(`expected a RemoteError, got ${String(error)}`);
  return error;
}

test('one message a change, edited as it goes on, without a button at the end', async () => {
  const { sink } = slackSink(slack);
  const kept = nothingKept();
  const { story, entries } = awaiting();
  expect(await sink.deliver(deliveryOf(entries, kept))).toBe(1);
  expect(messagesIn(slack)).toHaveLength(1);
  expect(buttonsOf(messagesIn(slack)[0])).toEqual(both);

  const rest = toTheEnd(story);
  for (const [i] of rest.entries()) {
    await sink.deliver(deliveryOf([...entries, ...rest.slice(0, i + 1)], kept));
    expect(buttonsOf(messagesIn(slack)[0])).toEqual([]);
  }
  expect(messagesIn(slack)).toHaveLength(1);
  const text = textIn(messagesIn(slack)[0]?.blocks);
  expect(text).toContain('Done: ActiveCaCertificate');
  expect(text).toContain('bob approved: seen');
  expect(text).not.toContain('Still missing');
});

describe('a reminder', () => {
  const reminded = (story: ChangeStory, entries: readonly EntryBody[]) => [...entries, story.reminded()];

  test('is a reply that the channel sees, once, without buttons; the message above it stays the one with them', async () => {
    const { sink } = slackSink(slack);
    const kept = nothingKept();
    const { story, entries } = awaiting();
    await sink.deliver(deliveryOf(entries, kept));
    const more = reminded(story, entries);
    await sink.deliver(deliveryOf(more, kept));
    await sink.deliver(deliveryOf(more, kept));
    const [message, reply, ...others] = messagesIn(slack);
    expect(others).toEqual([]);
    expect(reply).toMatchObject({ thread_ts: message?.ts, isBroadcast: true, metadata: null });
    expect([buttonsOf(message), buttonsOf(reply)]).toEqual([both, []]);
    expect(textIn(reply?.blocks)).toMatch(
      /Reminder, approval still needed.*\nStill missing: 1 of any approver/,
    );
    expect(textIn(reply?.blocks)).toContain('Open the change');
    // The next one is another one, and at the end no button is left.
    await sink.deliver(deliveryOf(reminded(story, more), kept));
    expect(messagesIn(slack)).toHaveLength(3);
    await sink.deliver(deliveryOf([...reminded(story, more), ...toTheEnd(story)], kept));
    expect(messagesIn(slack).flatMap(buttonsOf)).toEqual([]);
  });

  test('is not posted with the message itself, nor once it is decided', async () => {
    const { sink } = slackSink(slack);
    const kept = nothingKept();
    const { story, entries } = awaiting();
    const more = reminded(story, entries);
    await sink.deliver(deliveryOf(more, kept));
    expect(messagesIn(slack)).toHaveLength(1);
    const late = deliveryOf([...more, story.reminded(), story.approved(), story.scheduled()], kept);
    await sink.deliver({ ...late, entries: late.history.slice(-3) });
    expect(messagesIn(slack)).toHaveLength(1);
  });

  test('is posted again after a kill that came before it was kept: never lost', async () => {
    const { sink } = slackSink(slack);
    const kept = nothingKept();
    const { story, entries } = awaiting();
    await sink.deliver(deliveryOf(entries, kept));
    const more = reminded(story, entries);
    await expect(sink.deliver(deliveryOf(more, kept, { dieAt: 1 }))).rejects.toBeInstanceOf(Killed);
    await sink.deliver(deliveryOf(more, kept));
    await sink.deliver(deliveryOf(more, kept));
    expect(messagesIn(slack)).toHaveLength(3);
  });

  test('whose message somebody has deleted stands alone', async () => {
    const { sink } = slackSink(slack);
    const kept = nothingKept();
    const { story, entries } = awaiting();
    await sink.deliver(deliveryOf(entries, kept));
    messagesIn(slack).splice(0);
    await sink.deliver(deliveryOf(reminded(story, entries), kept));
    expect(messagesIn(slack)).toMatchObject([{ thread_ts: null }]);
  });

  test('is not taken for the message of its change when that one is looked for', async () => {
    const { sink, at } = slackSink(slack);
    const kept = nothingKept();
    const { story, entries } = awaiting();
    await sink.deliver(deliveryOf(entries, kept));
    const more = reminded(story, entries);
    await sink.deliver(deliveryOf(more, kept));
    const [first] = messagesIn(slack);
    kept.memory = { ...kept.memory, message: null, tried: { channel: 'C0CHANGES', at: isoTime(at.ms) } };
    at.ms += 60_000;
    await sink.deliver(deliveryOf([...more, ...toTheEnd(story)], kept));
    expect(kept.memory['message']).toMatchObject({ ts: first?.ts });
  });
});

test('a repeat of what has been told asks Slack for nothing', async () => {
  const { sink } = slackSink(slack);
  const kept = nothingKept();
  const { entries } = awaiting();
  await sink.deliver(deliveryOf(entries, kept));
  await steer(slack, 'DELETE', '/calls');
  await sink.deliver(deliveryOf(entries, kept));
  expect((await steer(slack, 'GET', '/calls'))['calls']).toEqual([]);
});

test.each([
  ['before it was posted', 1],
  ['between posting and remembering', 2],
])('killed %s: one message', async (_when, dieAt) => {
  const { sink, at } = slackSink(slack);
  const kept = nothingKept();
  const { entries } = awaiting();
  await expect(sink.deliver(deliveryOf(entries, kept, { dieAt }))).rejects.toBeInstanceOf(Killed);
  at.ms += 60_000;
  expect(await sink.deliver(deliveryOf(entries, kept))).toBe(1);
  expect(messagesIn(slack)).toHaveLength(1);
});

test.each<[string, RestFault]>([
  ['done, and answered 500', { kind: 'applied_then_500' }],
  ['done, and the connection reset', { kind: 'reset_after' }],
  ['done, and answered by a proxy', { kind: 'applied_then_500', status: 200, body: 'not JSON of Slack' }],
  [
    'done, and Slack says fatal_error',
    { kind: 'applied_then_500', status: 200, body: { ok: false, error: 'fatal_error' } },
  ],
  ['not done, 500', { kind: 'status', status: 500 }],
  ['not done, reset', { kind: 'reset' }],
])('the post: %s: the repeat makes one message of it', async (_what, fault) => {
  const { sink, at } = slackSink(slack);
  const kept = nothingKept();
  const { entries } = awaiting();
  await faulty(slack, { ...fault, path: '/api/chat.postMessage' });
  const { fault: first } = await faultOf(sink.deliver(deliveryOf(entries, kept)));
  expect(['failed', 'unreachable']).toContain(first);
  at.ms += 60_000;
  await sink.deliver(deliveryOf(entries, kept));
  expect(messagesIn(slack)).toHaveLength(1);
  expect(buttonsOf(messagesIn(slack)[0])).toEqual(both);
});

test('a history that lags: waits until the message would be there, and posts no second one', async () => {
  await slack.close();
  const clock = { ms: Date.now() };
  slack = await startSlack({ limits: { posts: null, historyLagMs: 8000 }, clock: () => clock.ms });
  const { sink, at } = slackSink(slack, { timeoutMs: 1000, historyLagMs: 10_000 });
  at.ms = clock.ms;
  const kept = nothingKept();
  const { entries } = awaiting();
  await expect(sink.deliver(deliveryOf(entries, kept, { dieAt: 2 }))).rejects.toBeInstanceOf(Killed);
  const early = await faultOf(sink.deliver(deliveryOf(entries, kept)));
  expect(early.fault).toBe('conflict');
  expect(early.retryAfterMs).toBe(11_000);
  at.ms += 9000;
  clock.ms += 9000;
  await sink.deliver(deliveryOf(entries, kept));
  expect(messagesIn(slack)).toHaveLength(1);
});

test('where it cannot be learned whether a message is there, none is posted', async () => {
  await slack.close();
  slack = await startSlack({ limits: { posts: null }, scopes: ['chat:write'] });
  const { sink, at } = slackSink(slack);
  const kept = nothingKept();
  const { entries } = awaiting();
  await expect(sink.deliver(deliveryOf(entries, kept, { dieAt: 2 }))).rejects.toBeInstanceOf(Killed);
  at.ms += 3_600_000;
  const error = await faultOf(sink.deliver(deliveryOf(entries, kept)));
  expect([error.fault, error.message]).toEqual([
    'denied',
    'Slack refused conversations.history: missing_scope',
  ]);
  expect(messagesIn(slack)).toHaveLength(1);
});

test('a message of another app with the same metadata is not taken for ours', async () => {
  const { sink, at } = slackSink(slack);
  const kept = nothingKept();
  const { story, entries } = awaiting();
  await expect(sink.deliver(deliveryOf(entries, kept, { dieAt: 1 }))).rejects.toBeInstanceOf(Killed);
  kept.memory = {
    tried: { channel: 'C0CHANGES', at: new Date(at.ms).toISOString() },
    message: null,
    said: null,
    again: 0,
  };
  const metadata = {
    event_type: 'countersign_change',
    event_payload: { change: story.changeId, subscription: 'chat' },
  };
  const ts = `${Math.floor(at.ms / 1000)}.000001`;
  const foreign = {
    ts,
    user: 'U0OTHER',
    bot_id: 'B0OTHER',
    text: 'mine',
    blocks: [],
    metadata,
    edits: 0,
    thread_ts: null,
    isBroadcast: false,
  };
  slack.workspace.channels[0]?.messages.push(foreign);
  at.ms += 60_000;
  await sink.deliver(deliveryOf(entries, kept));
  expect(messagesIn(slack).map(({ bot_id: bot, edits }) => [bot, edits])).toEqual([
    ['B0OTHER', 0],
    ['B0COUNTER', 0],
  ]);
  // Nor was it tried to edit it.
  expect(kept.memory).toMatchObject({ again: 0 });
});

test('two messages of one change: the first is kept, the other has no button any more', async () => {
  const { sink, at } = slackSink(slack);
  const { entries } = awaiting();
  await sink.deliver(deliveryOf(entries, nothingKept()));
  await sink.deliver(deliveryOf(entries, nothingKept()));
  expect(messagesIn(slack)).toHaveLength(2);
  const kept = nothingKept();
  kept.memory = {
    tried: { channel: 'C0CHANGES', at: new Date(at.ms).toISOString() },
    message: null,
    said: null,
    again: 0,
  };
  await sink.deliver(deliveryOf(entries, kept));
  expect(messagesIn(slack).map(buttonsOf)).toEqual([both, []]);
  expect(kept.memory['message']).toEqual({ channel: 'C0CHANGES', ts: messagesIn(slack)[0]?.ts });
});

test('messages of other subscriptions and changes are left alone', async () => {
  const { sink, at } = slackSink(slack);
  const { entries } = awaiting();
  await sink.deliver(deliveryOf(entries, nothingKept(), { subscription: 'other' }));
  await sink.deliver(deliveryOf(awaiting().entries, nothingKept()));
  const kept = nothingKept();
  kept.memory = {
    tried: { channel: 'C0CHANGES', at: new Date(at.ms).toISOString() },
    message: null,
    said: null,
    again: 0,
  };
  at.ms += 60_000;
  await sink.deliver(deliveryOf(entries, kept));
  expect(messagesIn(slack)).toHaveLength(3);
});

test.each<[string, RestFault, string, number | null]>([
  [
    '429',
    {
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '30' },
      body: { ok: false, error: 'ratelimited' },
    },
    'throttled',
    30_000,
  ],
  ['401', { kind: 'status', status: 401 }, 'denied', null],
  ['403', { kind: 'status', status: 403 }, 'denied', null],
  ['404', { kind: 'status', status: 404 }, 'not_found', null],
  ['409', { kind: 'status', status: 409 }, 'conflict', null],
  [
    'a redirect',
    { kind: 'status', status: 302, headers: { location: 'http://127.0.0.1:1/' } },
    'unreachable',
    null,
  ],
  [
    'invalid_auth',
    { kind: 'status', status: 200, body: { ok: false, error: 'invalid_auth' } },
    'denied',
    null,
  ],
  [
    'not_in_channel',
    { kind: 'status', status: 200, body: { ok: false, error: 'not_in_channel' } },
    'denied',
    null,
  ],
  [
    'invalid_blocks',
    { kind: 'status', status: 200, body: { ok: false, error: 'invalid_blocks' } },
    'refused',
    null,
  ],
])('a post answered with %s', async (_what, fault, expected, retryAfterMs) => {
  const { sink } = slackSink(slack);
  const kept = nothingKept();
  const { entries } = awaiting();
  await faulty(slack, { ...fault, path: '/api/chat.postMessage' });
  const error = await faultOf(sink.deliver(deliveryOf(entries, kept)));
  expect([error.fault, error.retryAfterMs]).toEqual([expected, retryAfterMs]);
  expect(error.message).not.toMatch(/127\.0\.0\.1|local-slack-token|https?:/);
  if (expected === 'unreachable') return;
  // Refused for certain: the next attempt needs no history, which this token might not read.
  await steer(slack, 'DELETE', '/calls');
  await sink.deliver(deliveryOf(entries, kept));
  const { calls } = (await steer(slack, 'GET', '/calls')) as { calls: { path: string }[] };
  expect(calls.map(({ path }) => path)).toEqual(['/api/chat.postMessage']);
});

test('the app is not in the channel: nothing is posted; once it is invited, one message', async () => {
  const { sink } = slackSink(slack);
  const kept = nothingKept();
  const { entries } = awaiting();
  await steer(slack, 'PUT', '/channels', { id: 'C0CHANGES', isMember: false });
  const error = await faultOf(sink.deliver(deliveryOf(entries, kept)));
  expect(error.message).toBe('Slack refused chat.postMessage: not_in_channel');
  await steer(slack, 'PUT', '/channels', { id: 'C0CHANGES', isMember: true });
  await sink.deliver(deliveryOf(entries, kept));
  expect(messagesIn(slack)).toHaveLength(1);
});

test('an edit that fails is made by the repeat', async () => {
  const { sink } = slackSink(slack);
  const kept = nothingKept();
  const { story, entries } = awaiting();
  await sink.deliver(deliveryOf(entries, kept));
  await faulty(slack, { kind: 'status', status: 503, path: '/api/chat.update' });
  const all = [...entries, story.approved(), story.scheduled()];
  await faultOf(sink.deliver(deliveryOf(all, kept)));
  expect(buttonsOf(messagesIn(slack)[0])).toEqual(both);
  await sink.deliver(deliveryOf(all, kept));
  expect(buttonsOf(messagesIn(slack)[0])).toEqual([]);
});

test('slow: a call has its time, and the delivery’s end ends it', async () => {
  const { sink } = slackSink(slack, { timeoutMs: 100 });
  const kept = nothingKept();
  const { entries } = awaiting();
  await faulty(slack, { kind: 'hang', path: '/api/chat.postMessage', times: 2 });
  expect((await faultOf(sink.deliver(deliveryOf(entries, kept)))).fault).toBe('unreachable');
  const aborted = deliveryOf(entries, nothingKept(), { signal: AbortSignal.abort() });
  expect((await faultOf(sink.deliver(aborted))).fault).toBe('unreachable');
});

test('a message that somebody deleted comes again while it can be answered, but not for ever', async () => {
  const { sink } = slackSink(slack);
  const kept = nothingKept();
  const { story, entries } = awaiting();
  await sink.deliver(deliveryOf(entries, kept));
  const all = [...entries];
  for (let i = 0; i < 6; i += 1) {
    const ts = messagesIn(slack)[0]?.ts;
    await steer(slack, 'DELETE', '/messages', { channel: 'C0CHANGES', ts });
    all.push(story.escalated(), story.lapsed(`somebody${i}`));
    // Another text each time, so that there is something to edit.
    const { change, ...delivery } = deliveryOf(all, kept);
    await sink.deliver({ ...delivery, change: { ...change, justification: `text ${i}` } });
  }
  expect(kept.memory).toMatchObject({ again: 3 });
  expect(messagesIn(slack)).toHaveLength(0);
});

test('a message that was deleted and asks nothing any more stays away', async () => {
  const { sink } = slackSink(slack);
  const kept = nothingKept();
  const { story, entries } = awaiting();
  await sink.deliver(deliveryOf(entries, kept));
  await steer(slack, 'DELETE', '/messages', { channel: 'C0CHANGES', ts: messagesIn(slack)[0]?.ts });
  expect(await sink.deliver(deliveryOf([...entries, story.rejected()], kept))).toBe(1);
  expect(messagesIn(slack)).toHaveLength(0);
});

test('a message of an app that was replaced cannot be edited: the end is told in a new one', async () => {
  const { sink } = slackSink(slack);
  const kept = nothingKept();
  const { story, entries } = awaiting();
  await sink.deliver(deliveryOf(entries, kept));
  await faulty(slack, {
    kind: 'status',
    status: 200,
    path: '/api/chat.update',
    body: { ok: false, error: 'cant_update_message' },
  });
  await sink.deliver(deliveryOf([...entries, story.rejected()], kept));
  expect(messagesIn(slack).map(buttonsOf)).toEqual([both, []]);
});

test('no button where the policy does not name the channel, one where it may only be rejected', async () => {
  const { entries } = awaiting();
  await slackSink(slack, { choicesOf: () => [] }).sink.deliver(deliveryOf(entries, nothingKept()));
  await slackSink(slack, { choicesOf: () => ['reject'] }).sink.deliver(deliveryOf(entries, nothingKept()));
  expect(messagesIn(slack).map(buttonsOf)).toEqual([[], ['countersign.reject']]);
});

test('a long story fits what Slack takes', async () => {
  const { sink } = slackSink(slack);
  const story = changeStory({ justification: '<&>'.repeat(1300) });
  const entries = [story.requested(), story.prechecked()];
  for (let i = 0; i < 12; i += 1) entries.push(story.approved(person(`${'&'.repeat(100)}${i}`, 'approver')));
  await sink.deliver(deliveryOf(entries, nothingKept()));
  expect(messagesIn(slack)).toHaveLength(1);
});

test('a memory that this sink never kept posts nothing', async () => {
  const { sink } = slackSink(slack);
  const kept = nothingKept();
  kept.memory = { message: 'C1' };
  await expect(sink.deliver(deliveryOf(awaiting().entries, kept))).rejects.toThrow(TypeError);
  expect(messagesIn(slack)).toHaveLength(0);
});
