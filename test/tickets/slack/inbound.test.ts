import { createHmac, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { signedHeaders } from '../../../simulator/slack/people.ts';
import { readSlackInbound } from '../../../tickets/slack/inbound.ts';
import { keptText, questionText } from '../../../tickets/slack/question.ts';
import { mayRespondAt } from '../../../tickets/slack/respond.ts';

const now = Date.parse('2026-11-29T12:00:00.000Z');
const seconds = now / 1000;
const question = { changeId: randomUUID(), round: 2, digest: 'a'.repeat(64) };
const given = { secrets: ['first'], team: 'T1', url: 'https://slack.com', now };
const respond = 'https://hooks.slack.com/actions/T1/1/x';

const press = {
  type: 'block_actions',
  team: { id: 'T1', domain: 'x' },
  enterprise: null,
  user: { id: 'U1', username: 'bob', team_id: 'T1' },
  trigger_id: '1.2.abc',
  response_url: respond,
  channel: { id: 'C1' },
  actions: [
    { type: 'button', action_id: 'countersign.approve', value: questionText(question), action_ts: '1.2' },
  ],
};
const sending = {
  type: 'view_submission',
  team: { id: 'T1' },
  user: { id: 'U1', team_id: 'T1' },
  view: {
    id: 'V1',
    callback_id: 'countersign.decision',
    private_metadata: keptText(question, 'reject', respond),
    state: { values: { 'countersign.comment': { comment: { type: 'plain_text_input', value: 'not now' } } } },
  },
};

const formOf = (payload: unknown) => new URLSearchParams({ payload: JSON.stringify(payload) }).toString();

/** What a body, signed as Slack signs, is read as. */
function read(body: string, options: { secret?: string; at?: number; given?: Partial<typeof given> } = {}) {
  const { secret = 'first', at = seconds } = options;
  const headers = signedHeaders(secret, at, body);
  return readSlackInbound({ raw: Buffer.from(body), headers }, { ...given, ...options.given });
}

const whyOf = (got: ReturnType<typeof read>) => (got.kind === 'refused' ? got.why : got.kind);

test('a press says who, what and about which question; it has no comment', () => {
  expect(read(formOf(press))).toEqual({
    kind: 'click',
    user: { team: 'T1', id: 'U1' },
    action: 'approve',
    ...question,
    comment: '',
    triggerId: '1.2.abc',
    responseUrl: respond,
    deliveryId: expect.stringMatching(/^slack-[0-9a-f]{64}$/) as unknown,
  });
});

test('a modal that was sent off says the same, with the comment', () => {
  expect(read(formOf(sending))).toMatchObject({
    kind: 'submission',
    user: { team: 'T1', id: 'U1' },
    action: 'reject',
    ...question,
    comment: 'not now',
    triggerId: null,
    responseUrl: respond,
  });
});

test('the same request has the same delivery id, any other another', () => {
  const idOf = (got: ReturnType<typeof read>) => ('deliveryId' in got ? got.deliveryId : null);
  const first = idOf(read(formOf(press)));
  expect(first).not.toBeNull();
  expect(idOf(read(formOf(press)))).toBe(first);
  expect(idOf(read(formOf(press), { at: seconds + 1 }))).not.toBe(first);
  expect(idOf(read(formOf({ ...press, trigger_id: '9' })))).not.toBe(first);
});

test('Slack’s own documented example verifies', () => {
  const body =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar' +
    '&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com' +
    '%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
  const headers = {
    'x-slack-request-timestamp': '1531420618',
    'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  };
  const example = { ...given, secrets: ['8f742231b10e8888abcd99yyyzzz85a5'], now: 1_531_420_618_000 };
  // Verified, and then no interaction: a command has no payload.
  expect(whyOf(readSlackInbound({ raw: Buffer.from(body), headers }, example))).toBe('malformed');
  const forged = Buffer.from(body.replace('roadrunner', 'coyote'));
  expect(whyOf(readSlackInbound({ raw: forged, headers }, example))).toBe('bad_signature');
});

test.each([
  ['now', 0, 'click'],
  ['300 s ago', -300, 'click'],
  ['301 s ago', -301, 'too_old'],
  ['in 300 s', 300, 'click'],
  ['in 301 s', 301, 'from_the_future'],
])('dated %s', (_when, offset, expected) => {
  expect(whyOf(read(formOf(press), { at: seconds + offset }))).toBe(expected);
});

test.each([
  ['the first secret of two', 'first', ['first', 'second'], 'click'],
  ['the second secret of two', 'second', ['first', 'second'], 'click'],
  ['another secret', 'third', ['first', 'second'], 'bad_signature'],
  ['a secret where none is configured', 'first', [], 'no_secret'],
  ['an empty secret', '', [''], 'no_secret'],
  ['an empty secret beside a true one', '', ['', 'first'], 'bad_signature'],
])('signed with %s', (_what, secret, secrets, expected) => {
  expect(whyOf(read(formOf(press), { secret, given: { secrets } }))).toBe(expected);
});

test.each<[string, Record<string, string | string[] | undefined>, string]>([
  ['no signature', { 'x-slack-signature': undefined }, 'unsigned'],
  ['no timestamp', { 'x-slack-request-timestamp': undefined }, 'unsigned'],
  ['another version', { 'x-slack-signature': `v1=${'0'.repeat(64)}` }, 'unsigned'],
  ['half a signature', { 'x-slack-signature': 'v0=abcd' }, 'unsigned'],
  ['two signatures', { 'x-slack-signature': ['v0=a', 'v0=b'] }, 'unsigned'],
  ['a timestamp with more behind it', { 'x-slack-request-timestamp': `${seconds}:x` }, 'unsigned'],
  ['a timestamp that is no number', { 'x-slack-request-timestamp': 'NaN' }, 'unsigned'],
  ['another timestamp', { 'x-slack-request-timestamp': String(seconds - 1) }, 'bad_signature'],
])('%s', (_what, changed, expected) => {
  const body = formOf(press);
  const headers = { ...signedHeaders('first', seconds, body), ...changed };
  expect(whyOf(readSlackInbound({ raw: Buffer.from(body), headers }, given))).toBe(expected);
});

test('one changed byte, one missing byte, or the body’s parameters in another order', () => {
  const body = formOf(press);
  const headers = signedHeaders('first', seconds, body);
  for (const other of [body.replace('U1', 'U2'), body.slice(0, -1), `${body}&x=1`, '']) {
    expect(whyOf(readSlackInbound({ raw: Buffer.from(other), headers }, given))).toBe('bad_signature');
  }
});

const withAction = (action: object) => ({ ...press, actions: [{ ...press.actions[0], ...action }] });
const withView = (view: object) => ({ ...sending, view: { ...sending.view, ...view } });

test.each<[string, string, string]>([
  ['an event of another type', formOf({ type: 'shortcut' }), 'ignored'],
  ['another button', formOf(withAction({ action_id: 'other' })), 'ignored'],
  ['another modal', formOf(withView({ callback_id: 'other' })), 'ignored'],
  ['no payload', 'x=1', 'malformed'],
  ['two payloads', `${formOf(press)}&${formOf(press)}`, 'malformed'],
  ['broken JSON', 'payload=%7B', 'malformed'],
  ['a list', 'payload=%5B%5D', 'malformed'],
  ['no user', formOf({ ...press, user: undefined }), 'malformed'],
  ['a user without a workspace', formOf({ ...press, user: { id: 'U1' } }), 'malformed'],
  ['two buttons at once', formOf({ ...press, actions: [...press.actions, ...press.actions] }), 'malformed'],
  ['a button without a value', formOf(withAction({ value: undefined })), 'malformed'],
  [
    'a value with more in it',
    formOf(withAction({ value: '{"change":"x","round":1,"digest":"y","z":1}' })),
    'malformed',
  ],
  [
    'a round that is no number',
    formOf(withAction({ value: questionText({ ...question, round: 1.5 }) })),
    'malformed',
  ],
  [
    'a digest that is none',
    formOf(withAction({ value: questionText({ ...question, digest: 'A' }) })),
    'malformed',
  ],
  ['a modal without what it kept', formOf(withView({ private_metadata: '' })), 'malformed'],
  [
    'an input that is much too long',
    formOf(withView({ state: { values: { a: { b: { value: 'x'.repeat(10_001) } } } } })),
    'malformed',
  ],
  ['another workspace', formOf({ ...press, team: { id: 'T2' } }), 'other_workspace'],
  ['no workspace', formOf({ ...press, team: null }), 'other_workspace'],
  ['a modal of another workspace', formOf({ ...sending, team: { id: 'T2' } }), 'other_workspace'],
])('signed by Slack, and %s', (_what, body, expected) => {
  expect(whyOf(read(body))).toBe(expected);
});

test('a body that is no UTF-8 is malformed', () => {
  const raw = Buffer.concat([Buffer.from('payload='), Buffer.from([0xff, 0xfe])]);
  const mac = createHmac('sha256', 'first').update(`v0:${seconds}:`).update(raw).digest('hex');
  const headers = { 'x-slack-request-timestamp': String(seconds), 'x-slack-signature': `v0=${mac}` };
  expect(whyOf(readSlackInbound({ raw, headers }, given))).toBe('malformed');
});

test('somebody of another workspace that shares the channel is of that workspace', () => {
  const user = { id: 'U1', team_id: 'T2' };
  expect(read(formOf({ ...press, user }))).toMatchObject({ kind: 'click', user: { team: 'T2', id: 'U1' } });
});

test('an organisation’s app names the organisation', () => {
  const ofOrganisation = { ...press, team: null, enterprise: { id: 'E1' } };
  expect(whyOf(read(formOf(ofOrganisation), { given: { team: 'E1' } }))).toBe('click');
});

test.each(['x'.repeat(2001), '\u0007'])(
  'whether a comment can be taken is judged where the person can be told',
  (value) => {
    const commented = withView({ state: { values: { 'countersign.comment': { comment: { value } } } } });
    expect(read(formOf(commented))).toMatchObject({ kind: 'submission', comment: value });
  },
);

test('a modal without a comment has an empty one', () => {
  const empty = withView({ state: { values: { 'countersign.comment': { comment: { value: null } } } } });
  expect(read(formOf(empty))).toMatchObject({ kind: 'submission', comment: '' });
});

test.each([
  ['https://hooks.slack.com/actions/T1/1/x', 'https://slack.com', true],
  ['http://hooks.slack.com/actions', 'https://slack.com', false],
  ['https://hooks.slack.com.evil.example/x', 'https://slack.com', false],
  ['https://evil.example/hooks.slack.com', 'https://slack.com', false],
  ['https://x@hooks.slack.com/actions', 'https://slack.com', false],
  ['https://hooks.slack.com:444/actions', 'https://slack.com', false],
  ['https://slack.com/actions', 'https://slack.com', true],
  ['https://hooks.slack-gov.com/actions', 'https://slack-gov.com', true],
  ['http://127.0.0.1:4000/actions/x', 'http://127.0.0.1:4000', true],
  ['http://127.0.0.1:4001/actions/x', 'http://127.0.0.1:4000', false],
  ['http://169.254.169.254/latest', 'https://slack.com', false],
  ['', 'https://slack.com', false],
])('answered at %s, where Slack is %s: %s', (url, slackUrl, may) => {
  expect(mayRespondAt(url, slackUrl)).toBe(may);
});

test('an address to answer at that is not Slack’s is left out, and the press counts', () => {
  const elsewhere = 'https://evil.example/x';
  expect(read(formOf({ ...press, response_url: elsewhere }))).toMatchObject({
    kind: 'click',
    responseUrl: null,
  });
  const kept = withView({ private_metadata: keptText(question, 'reject', elsewhere) });
  expect(read(formOf(kept))).toMatchObject({ kind: 'submission', responseUrl: null });
});
