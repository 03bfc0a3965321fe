import { createHash, createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { verifyJiraWebhook } from '../../../tickets/jira/webhook.ts';

const now = Date.parse('2026-11-29T12:00:00Z');
const hour = 3_600_000;
const secrets = ['new secret', 'old secret'];
const event = {
  timestamp: now,
  webhookEvent: 'jira:issue_updated',
  user: { accountId: 'acc-pat' },
  issue: { id: '10001', key: 'OPS-1' },
};

function delivery(body: unknown, secret = 'new secret', headers: Record<string, string> = {}) {
  const raw = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const signature = `sha256=${createHmac('sha256', secret).update(raw).digest('hex')}`;
  return {
    raw,
    headers: { 'x-hub-signature': signature, 'x-atlassian-webhook-identifier': 'delivery-1', ...headers },
  };
}
const verify = (given: ReturnType<typeof delivery>, of: readonly string[] = secrets) =>
  verifyJiraWebhook(given, of, now);

test("Atlassian's own example is signed as it says", () => {
  const raw = Buffer.from('Hello World!');
  const signature = 'sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9';
  const headers = { 'x-hub-signature': signature };
  // The signature is right, and the body is no event.
  expect(verifyJiraWebhook({ raw, headers }, ["It's a Secret to Everybody"], now)).toEqual({
    refusal: 'malformed',
  });
  expect(verifyJiraWebhook({ raw, headers }, ['another'], now)).toEqual({ refusal: 'signature' });
});

test('a genuine delivery tells the issue and who did it', () => {
  const hint = { ticket: { id: '10001', key: 'OPS-1' }, account: 'acc-pat' };
  expect(verify(delivery(event))).toMatchObject({ hint });
  expect(verify(delivery(event, 'old secret'))).toMatchObject({ hint });
  expect(verify(delivery({ ...event, user: { key: 'JIRAUSER1', name: 'pat' } }))).toMatchObject({
    hint: { account: 'JIRAUSER1' },
  });
  expect(verify(delivery({ timestamp: now, webhookEvent: 'project_created' }))).toMatchObject({
    hint: { ticket: null, account: null },
  });
});

test('the same bytes are the same delivery, whatever its header says, which nobody signs', () => {
  const named = (body: object, id?: string) => {
    const { raw, headers } = delivery(body);
    return verifyJiraWebhook(
      {
        raw,
        headers: { 'x-hub-signature': headers['x-hub-signature'], 'x-atlassian-webhook-identifier': id },
      },
      secrets,
      now,
    );
  };
  const { raw } = delivery(event);
  const deliveryId = createHash('sha256').update(raw).digest('hex');
  expect(named(event)).toMatchObject({ hint: { deliveryId } });
  expect(named(event, 'delivery-1')).toEqual(named(event));
  expect(named(event, 'delivery-2')).toEqual(named(event, 'delivery-1'));
  expect(named({ ...event, timestamp: now - 1 }, 'delivery-1')).not.toEqual(named(event, 'delivery-1'));
});

test.each<[string, () => ReturnType<typeof verify>, string]>([
  ['forged', () => verify(delivery(event, 'guess')), 'signature'],
  ['signed with nothing', () => verify(delivery(event, ''), ['']), 'signature'],
  ['without secrets here', () => verify(delivery(event), []), 'signature'],
  ['unsigned', () => verify(delivery(event, 'new secret', { 'x-hub-signature': '' })), 'signature'],
  [
    'another scheme',
    () => verify(delivery(event, 'new secret', { 'x-hub-signature': `sha1=${'0'.repeat(40)}` })),
    'signature',
  ],
  [
    'truncated',
    () => {
      const whole = delivery(event);
      return verify({ ...whole, raw: whole.raw.subarray(0, -1) });
    },
    'signature',
  ],
  [
    'one bit changed',
    () => verify({ ...delivery(event), raw: Buffer.from(JSON.stringify({ ...event, timestamp: now + 1 })) }),
    'signature',
  ],
  ['old', () => verify(delivery({ ...event, timestamp: now - 24 * hour - 1 })), 'old'],
  ['of the future', () => verify(delivery({ ...event, timestamp: now + 300_001 })), 'future'],
  ['without a time', () => verify(delivery({ ...event, timestamp: undefined })), 'malformed'],
  ['with a time as text', () => verify(delivery({ ...event, timestamp: String(now) })), 'malformed'],
  ['no JSON', () => verify(delivery('{')), 'malformed'],
  [
    'an issue with a path as id',
    () => verify(delivery({ ...event, issue: { id: '../1', key: 'OPS-1' } })),
    'malformed',
  ],
])('%s is refused', (_name, verdict, refusal) => {
  expect(verdict()).toEqual({ refusal });
});

test('at the edges of its time it is still taken', () => {
  expect(verify(delivery({ ...event, timestamp: now - 24 * hour }))).toHaveProperty('hint');
  expect(verify(delivery({ ...event, timestamp: now + 300_000 }))).toHaveProperty('hint');
});
