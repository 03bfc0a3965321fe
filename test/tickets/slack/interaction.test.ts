import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Change } from '../../../domain/change.ts';
import type { EntryBody } from '../../../domain/entry.ts';
import { signedHeaders } from '../../../simulator/slack/people.ts';
import { startSlack } from '../../../simulator/slack/server.ts';
import type { RunningSlack } from '../../../simulator/slack/server.ts';
import { slackAccount } from '../../../tickets/slack/account.ts';
import { slackInteractivity } from '../../../tickets/slack/interactivity.ts';
import type { SlackTold, SlackVerdict } from '../../../tickets/slack/interactivity.ts';
import { openModal } from '../../../tickets/slack/open-modal.ts';
import type { OpenModal } from '../../../tickets/slack/open-modal.ts';
import { refusalText } from '../../../tickets/slack/person-text.ts';
import { readPress } from '../../../tickets/slack/press.ts';
import type { SlackPress } from '../../../tickets/slack/press.ts';
import type { Choice } from '../../../tickets/slack/question.ts';
import { tellPerson } from '../../../tickets/slack/respond.ts';
import {
  awaiting,
  changeOf,
  deliveryOf,
  faulty,
  messagesIn,
  nothingKept,
  slackSink,
  steer,
  textIn,
} from './slack-testbed.ts';

let slack: RunningSlack;
let app: Awaited<ReturnType<typeof startApp>>;
const clock = { ms: Date.now() };

beforeEach(async () => {
  clock.ms = Date.now();
  slack = await startSlack({ limits: { posts: null }, clock: () => clock.ms });
  app = await startApp();
  await steer(slack, 'PUT', '/interactivity', { url: app.url });
});
afterEach(async () => {
  await app.close();
  await slack.close();
});

/** What API and deliverer do with an interaction, in one small server. */
async function startApp() {
  const heard: SlackVerdict[] = [];
  const answers: SlackTold[] = [];
  const { verify, answer, tell } = slackInteractivity(slack, ['local-slack-signing-secret'], { fetch });
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const got = verify({ raw, headers: request.headers, now: clock.ms });
      heard.push(got);
      const told = got.kind === 'decision' ? answers.shift() : undefined;
      response.statusCode = got.kind === 'refused' ? 401 : 200;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(told === undefined ? {} : answer(told)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/inbound/slack`,
    heard,
    answers,
    tell,
    close: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function postChange(): Promise<{ entries: EntryBody[]; change: Change }> {
  const { entries } = awaiting();
  await slackSink(slack).sink.deliver(deliveryOf(entries, nothingKept()));
  return { entries, change: changeOf(entries) };
}

async function press(choice: Choice, user = 'U0BOB'): Promise<SlackPress> {
  const sent = await steer(slack, 'POST', '/clicks', { user, actionId: `countersign.${choice}` });
  expect(sent).toMatchObject({ delivered: true });
  const got = app.heard.at(-1);
  if (got?.kind !== 'click') throw new Error(`expected a press, got ${JSON.stringify(got)}`);
  expect(got.account).toEqual({ team: slack.team, user });
  // As it has been in the database between API and deliverer.
  const kept = readPress({ ...got.open, replyTo: got.replyTo });
  if (kept === null) throw new Error('the press cannot be read back');
  return kept;
}

function open(click: SlackPress, change: Change | null, more: Partial<OpenModal> = {}) {
  return openModal({
    ...{ press: click, change, choices: ['approve', 'reject'], url: slack.url, token: 'local-slack-token' },
    presented: [{ label: 'certificate', value: 'line' }],
    ...{ fetch, now: clock.ms, signal: AbortSignal.timeout(10_000) },
    ...more,
  });
}

const told = () => slack.workspace.channels[0]?.ephemerals ?? [];

test('pressed, read in the modal, sent off: the decision carries change, round and digest', async () => {
  const { change } = await postChange();
  const click = await press('approve');
  expect(click).toMatchObject({ changeId: change.id, round: 1, digest: change.digest, action: 'approve' });
  expect(await open(click, change)).toBe('opened');
  expect(textIn(slack.workspace.views[0]?.view)).toContain(change.target.label);

  app.answers.push({ outcome: 'recorded', action: 'approve' });
  await steer(slack, 'POST', '/submissions', { user: 'U0BOB', comment: 'looks right' });
  expect(app.heard.at(-1)).toMatchObject({
    ...{ kind: 'decision', action: 'approve', comment: 'looks right' },
    ...{ account: { team: slack.team, user: 'U0BOB' }, replyTo: click.responseUrl },
    ...{ changeId: change.id, digest: change.digest },
  });
  expect(textIn(slack.workspace.views[0]?.view)).toContain('Your approval was recorded.');
});

test('a decision without the comment that is asked for: the modal stays, with the reason beside the comment', async () => {
  const { change } = await postChange();
  await open(await press('reject'), change);
  app.answers.push({ outcome: 'refused', code: 'comment_required' });
  await steer(slack, 'POST', '/submissions', { user: 'U0BOB' });
  expect(slack.workspace.views[0]?.errors).toEqual({
    'countersign.comment': refusalText('comment_required'),
  });
  app.answers.push({ outcome: 'recorded', action: 'reject' });
  await steer(slack, 'POST', '/submissions', { user: 'U0BOB', comment: 'no' });
  expect(app.heard.at(-1)).toMatchObject({ kind: 'decision', action: 'reject', comment: 'no' });
});

test('a decision that takes too long: the window says so, and the person is told afterwards', async () => {
  const { change } = await postChange();
  const click = await press('approve');
  await open(click, change);
  app.answers.push({ outcome: 'pending' });
  await steer(slack, 'POST', '/submissions', { user: 'U0BOB', comment: '' });
  expect(textIn(slack.workspace.views[0]?.view)).toContain('on its way');
  await app.tell(click.responseUrl ?? '', { outcome: 'unavailable', code: 'engine_unavailable' });
  expect(told()).toEqual([{ user: 'U0BOB', text: refusalText('engine_unavailable') }]);
});

test('what is not signed for us is refused, what is not understood is said to be malformed', () => {
  const { verify } = slackInteractivity(slack, ['other'], { fetch });
  const raw = Buffer.from('payload=x');
  expect(verify({ raw, headers: {}, now: clock.ms })).toEqual({ kind: 'refused' });
  const signed = {
    raw,
    headers: signedHeaders('other', Math.floor(clock.ms / 1000), 'payload=x'),
    now: clock.ms,
  };
  expect(verify(signed)).toEqual({ kind: 'malformed', message: 'expected an interaction of Slack' });
});

test.each([
  {},
  { action: 'approve' },
  { action: 'x', changeId: '1', round: 1, digest: '', triggerId: null, responseUrl: null },
])('a press that was kept by nobody of ours is not read: %j', (kept) => {
  expect(readPress(kept)).toBeNull();
});

test('a press on an old round opens nothing, and the person alone is told', async () => {
  const { change } = await postChange();
  const click = await press('approve');
  expect(await open(click, { ...change, round: 2 })).toBe('old_round');
  expect(slack.workspace.views).toEqual([]);
  expect(told()).toEqual([{ user: 'U0BOB', text: refusalText('old_round') }]);
});

test.each<[string, (change: Change) => Change | null, readonly Choice[], string]>([
  ['another digest', (change) => ({ ...change, digest: 'b'.repeat(64) }), ['approve', 'reject'], 'old_round'],
  [
    'a change that has been decided',
    (change) => ({ ...change, decisionStatus: 'approved', missing: [] }),
    ['approve'],
    'already_decided',
  ],
  [
    'a change before its precheck',
    (change) => ({ ...change, digest: null, round: 0 }),
    ['approve'],
    'not_awaiting_decision',
  ],
  ['no change', () => null, ['approve'], 'not_found'],
  ['another change', (change) => ({ ...change, id: 'other' }), ['approve'], 'not_found'],
  ['a policy that does not name the channel', (change) => change, [], 'channel_not_allowed'],
  ['a policy that lets only reject', (change) => change, ['reject'], 'reject_only'],
])('a press on %s opens nothing', async (_what, become, choices, code) => {
  const { change } = await postChange();
  expect(await open(await press('approve'), become(change), { choices })).toBe(code);
  expect(slack.workspace.views).toEqual([]);
  expect(told()).toHaveLength(1);
});

test.each<[string, (change: Change) => Change, OpenModal['presented']]>([
  ['justification', (change) => ({ ...change, justification: '&'.repeat(900) }), []],
  ['input', (change) => ({ ...change, input: { ...change.input, note: 'x'.repeat(3000) } }), []],
  ['reading', (change) => change, [{ label: 'certificate', value: 'x'.repeat(3000) }]],
  ['snapshot', (change) => ({ ...change, snapshot: { line: 'x'.repeat(3000) } }), null],
])(
  'a change whose %s Slack cannot show whole can only be rejected there',
  async (_what, become, presented) => {
    const { change } = await postChange();
    expect(await open(await press('approve'), become(change), { presented })).toBe('too_long');
    expect(slack.workspace.views).toEqual([]);
    expect(told()).toEqual([{ user: 'U0BOB', text: refusalText('too_long') }]);
    expect(await open(await press('reject'), become(change), { presented })).toBe('opened');
  },
);

test('two presses, one of them heard twice: each opens one modal', async () => {
  const { change } = await postChange();
  const first = await press('approve');
  expect(await open(first, change)).toBe('opened');
  expect(await open(first, change)).toBe('opened');
  expect(await open(await press('approve', 'U0CAROL'), change)).toBe('opened');
  expect(slack.workspace.views.map(({ user }) => user)).toEqual(['U0BOB', 'U0CAROL']);
});

test('a press that was heard too late is told so', async () => {
  const { change } = await postChange();
  const click = await press('approve');
  clock.ms += 4000;
  expect(await open(click, change)).toBe('too_late');
  expect(told()).toEqual([{ user: 'U0BOB', text: refusalText('too_late') }]);
});

test('the app is down: Slack tells the person by itself, and nothing is left behind', async () => {
  const { change } = await postChange();
  await app.close();
  const sent = await steer(slack, 'POST', '/clicks', { user: 'U0BOB', actionId: 'countersign.approve' });
  expect(sent).toMatchObject({ delivered: false, status: null });
  expect(slack.workspace.views).toEqual([]);
  app = await startApp();
  await steer(slack, 'PUT', '/interactivity', { url: app.url });
  expect(await open(await press('approve'), change)).toBe('opened');
});

test('the modal shows our own change, whatever text stands above the pressed button', async () => {
  const { change } = await postChange();
  const genuine = messagesIn(slack)[0];
  if (genuine === undefined) throw new Error('no message');
  const bait = genuine.blocks.filter(({ type }) => type === 'actions');
  const args = { channel: 'C0CHANGES', text: 'Free pizza?', blocks: bait };
  // As whoever has stolen the token would post it.
  await fetch(`${slack.url}/api/chat.postMessage`, {
    method: 'POST',
    headers: { authorization: 'Bearer local-slack-token', 'content-type': 'application/json' },
    body: JSON.stringify(args),
  });
  expect(await open(await press('approve'), change)).toBe('opened');
  expect(textIn(slack.workspace.views[0]?.view)).toContain(
    `You approve ActiveCaCertificate of ${change.target.label}.`,
  );
});

test('Slack refuses to open a modal: the failure names it, and no address or token', async () => {
  const { change } = await postChange();
  await faulty(slack, {
    kind: 'status',
    status: 200,
    path: '/api/views.open',
    body: { ok: false, error: 'invalid_auth' },
  });
  const click = await press('approve');
  await expect(open(click, change)).rejects.toMatchObject({
    fault: 'denied',
    message: 'Slack refused views.open: invalid_auth',
  });
  await faulty(slack, {
    kind: 'status',
    status: 429,
    path: '/api/views.open',
    headers: { 'retry-after': '2' },
  });
  await expect(open(click, change)).rejects.toMatchObject({ fault: 'throttled', retryAfterMs: 2000 });
});

test('an address to answer at takes five answers, and one that is not Slack’s none', async () => {
  await postChange();
  const { responseUrl } = await press('approve');
  const telling = { slackUrl: slack.url, text: '<!channel>', fetch, signal: AbortSignal.timeout(10_000) };
  if (responseUrl === null) throw new Error('no address');
  for (let i = 0; i < 5; i += 1) await tellPerson({ ...telling, responseUrl });
  expect(told()).toHaveLength(5);
  expect(told()[0]?.text).toBe('&lt;!channel&gt;');
  await expect(tellPerson({ ...telling, responseUrl })).rejects.toMatchObject({ fault: 'not_found' });
  const elsewhere = tellPerson({ ...telling, responseUrl: app.url });
  await expect(elsewhere).rejects.toMatchObject({ fault: 'refused' });
});

test('doctor: who the token is, and what it may do', async () => {
  const access = { url: slack.url, token: 'local-slack-token', fetch };
  const signal = AbortSignal.timeout(10_000);
  const place = { channel: 'C0CHANGES', team: slack.team };
  expect(await slackAccount(access, place, signal)).toEqual({
    ...{ id: 'U0COUNTER', name: 'countersign' },
    rights: [
      { name: 'chat:write', has: true },
      { name: 'history of the channel', has: true },
      { name: `workspace ${slack.team}`, has: true },
    ],
  });
  await steer(slack, 'PUT', '/channels', { id: 'C0CHANGES', isMember: false });
  const outside = await slackAccount(access, { ...place, team: 'T9' }, signal);
  expect(outside.rights.filter(({ has }) => !has).map(({ name }) => name)).toEqual([
    'history of the channel (not_in_channel)',
    'workspace T9',
  ]);
  await expect(slackAccount({ ...access, token: 'x' }, place, signal)).rejects.toMatchObject({
    fault: 'denied',
  });
});
