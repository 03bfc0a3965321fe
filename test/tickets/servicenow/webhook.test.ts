import { createHmac, createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { expect, test } from 'vitest';
import { verifyServiceNow, webhookKey } from '../../../tickets/servicenow/webhook.ts';

const now = Date.parse('2026-11-29T10:00:00Z');
const secret = Buffer.from('0123456789abcdef0123456789abcdef').toString('base64');
const other = Buffer.alloc(32, 7).toString('base64');
const key = webhookKey(secret) ?? createSecretKey(Buffer.alloc(0));
const otherKey = webhookKey(`whsec_${other}`) ?? createSecretKey(Buffer.alloc(0));
const ticket = 'b0dbda5347c12200e0ef563dbb9a718f';
const said = { table: 'change_request', sys_id: ticket, number: 'CHG0030001', updated_by: 'iris.lane' };
const seconds = (at: number) => String(Math.floor(at / 1000));

function signed(body: string, more: { id?: string; timestamp?: string; by?: KeyObject } = {}) {
  const { id = 'msg-1', timestamp = seconds(now), by = key } = more;
  const signature = createHmac('sha256', by).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    raw: Buffer.from(body),
    headers: { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` },
    now,
  };
}
const verify = (request: Parameters<typeof verifyServiceNow>[0], keys = [key]) =>
  verifyServiceNow(request, { keys, own: ['countersign'] });
const body = JSON.stringify(said);

test('a signed message is a hint', () => {
  expect(verify(signed(body))).toEqual({
    kind: 'hint',
    deliveryId: 'msg-1',
    ticket,
    key: 'CHG0030001',
    account: 'iris.lane',
  });
});

test('our own account’s changes are no news', () => {
  expect(verify(signed(JSON.stringify({ ...said, updated_by: 'countersign' })))).toEqual({ kind: 'ignored' });
});

test.each([
  ['forged', signed(body, { by: otherKey })],
  ['another body', { ...signed(body), raw: Buffer.from(`${body} `) }],
  ['truncated', { ...signed(body), raw: Buffer.from(body.slice(0, -1)) }],
  ['another id', { ...signed(body), headers: { ...signed(body).headers, 'webhook-id': 'msg-2' } }],
  [
    'no signature',
    { ...signed(body), headers: { 'webhook-id': 'msg-1', 'webhook-timestamp': seconds(now) } },
  ],
  [
    'an empty signature',
    { ...signed(body), headers: { ...signed(body).headers, 'webhook-signature': 'v1,' } },
  ],
  ['no headers', { raw: Buffer.from(body), headers: {}, now }],
])('%s: refused', (_what, request) => {
  expect(verify(request)).toEqual({ kind: 'refused', why: 'signature' });
});

test('with no key nothing is signed', () => {
  expect(verify(signed(body), [])).toEqual({ kind: 'refused', why: 'signature' });
});

test.each([
  [-301_000, { kind: 'refused', why: 'too_old' }],
  [-299_000, { kind: 'hint' }],
  [299_000, { kind: 'hint' }],
  [301_000, { kind: 'refused', why: 'in_future' }],
])('sent %d ms from now', (offset, verdict) => {
  expect(verify(signed(body, { timestamp: seconds(now + offset) }))).toMatchObject(verdict);
});

test('while a secret is replaced either of two counts, and of two signatures either', () => {
  expect(verify(signed(body, { by: otherKey }), [key, otherKey])).toMatchObject({ kind: 'hint' });
  const mine = signed(body);
  const both = `v1,${'A'.repeat(43)}= v1a,xyz ${mine.headers['webhook-signature']}`;
  expect(verify({ ...mine, headers: { ...mine.headers, 'webhook-signature': both } })).toMatchObject({
    kind: 'hint',
  });
});

test.each([
  ['no JSON', '{'],
  ['no object', 'null'],
  ['no sys_id', JSON.stringify({ number: 'CHG1' })],
  ['a sys_id with more', JSON.stringify({ sys_id: `${ticket}^ORnumber=1` })],
])('signed, and %s: malformed', (_what, text) => {
  expect(verify(signed(text))).toMatchObject({ kind: 'malformed' });
});

test('signed, with a timestamp that is none: malformed', () => {
  expect(verify(signed(body, { timestamp: '1e12' }))).toMatchObject({ kind: 'malformed' });
});

test.each([
  [secret, true],
  [`whsec_${secret}`, true],
  [Buffer.alloc(23).toString('base64'), false],
  [Buffer.alloc(65).toString('base64'), false],
  ['not base64!', false],
  ['', false],
])('the key %s', (text, isKey) => {
  expect(webhookKey(text) !== null).toBe(isKey);
});
