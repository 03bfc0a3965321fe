import { dingTalkInbound } from '../../../tickets/dingtalk/inbound.ts';
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  assertForwardSecret,
  signForwarded,
  verifyForwarded,
} from '../../../tickets/dingtalk/forward-click.ts';

const now = Date.parse('2026-11-29T12:00:00.000Z');
const old = 'o'.repeat(32);
const fresh = 'f'.repeat(40);
const click = {
  user: { corp: 'ding1', id: 'manager4220' },
  action: 'reject',
  changeId: 'b1946ac9-2492-4d23-8a3e-6c5f0f2a7c11',
  round: 1,
  digest: 'a'.repeat(64),
  comment: 'not today, 证书',
  deliveryId: 'm1',
} as const;

function verify(
  changed: Partial<Parameters<typeof verifyForwarded>[0]> = {},
  signed = signForwarded(click, { system: 'dingtalk', secrets: [old], now }),
) {
  const raw = Buffer.from(signed.body);
  return verifyForwarded({
    system: 'dingtalk',
    secrets: [old],
    headers: signed.headers,
    raw,
    now,
    ...changed,
  });
}

test('what the deliverer signs, the API takes', () => {
  expect(verify()).toEqual({ click });
});

test('the signature is over the time and the bytes of the body', () => {
  const { body, headers } = signForwarded(click, { system: 'dingtalk', secrets: [old], now });
  const hex = createHmac('sha256', old)
    .update(`v1:${now / 1000}:${body}`)
    .digest('hex');
  expect(headers).toMatchObject({
    'countersign-timestamp': String(now / 1000),
    'countersign-signature': `v1=${hex}`,
  });
});

describe('while a secret is replaced', () => {
  test.each([
    ['the deliverer has both, the API the old one', [old, fresh], [old]],
    ['the deliverer has both, the API the new one', [fresh, old], [fresh]],
    ['the API has both', [old], [fresh, old]],
  ])('%s', (_name, signing, verifying) => {
    const signed = signForwarded(click, { system: 'dingtalk', secrets: signing, now });
    expect(verify({ secrets: verifying }, signed)).toEqual({ click });
  });
});

describe('what the API does not take', () => {
  const { headers, body } = signForwarded(click, { system: 'dingtalk', secrets: [old], now });
  const raw = Buffer.from(body);
  test.each<[string, Partial<Parameters<typeof verifyForwarded>[0]>, string]>([
    ['no headers', { headers: {} }, 'unsigned'],
    ['a header twice', { headers: { ...headers, 'countersign-signature': ['v1=a', 'v1=b'] } }, 'unsigned'],
    ['a time that is none', { headers: { ...headers, 'countersign-timestamp': '1e9' } }, 'unsigned'],
    [
      'another time than the one that was signed',
      { headers: { ...headers, 'countersign-timestamp': String(now / 1000 + 1) } },
      'bad_signature',
    ],
    ['another secret', { secrets: [fresh] }, 'bad_signature'],
    ['no secret', { secrets: [] }, 'bad_signature'],
    ['another scheme', { headers: { ...headers, 'countersign-signature': 'v2=00' } }, 'bad_signature'],
    ['a body cut short', { raw: raw.subarray(0, -1) }, 'bad_signature'],
    ['a changed byte', { raw: Buffer.from(body.replace('reject', 'approve')) }, 'bad_signature'],
    ['more than 300 s old', { now: now + 301_000 }, 'stale'],
    ['more than 300 s ahead', { now: now - 301_000 }, 'stale'],
    ['of another system', { system: 'other' }, 'malformed'],
    ['a body that is too large', { raw: Buffer.alloc(16_385) }, 'too_large'],
  ])('%s', (_name, changed, refusal) => {
    expect(verify(changed)).toEqual({ refusal });
  });

  test('a secret that could be guessed, whoever signed with it', () => {
    const signed = signForwarded(click, { system: 'dingtalk', secrets: [''], now });
    expect(verify({ secrets: [''] }, signed)).toEqual({ refusal: 'bad_signature' });
    expect(() => assertForwardSecret('x'.repeat(31))).toThrow(/at least 32/);
    expect(() => assertForwardSecret(old)).not.toThrow();
  });

  test.each<[string, object]>([
    ['a member more', { ...click, admin: true }],
    ['another action', { ...click, action: 'withdraw' }],
    ['a round of 0', { ...click, round: 0 }],
  ])('signed, and yet no click: %s', (_name, wrong) => {
    const signed = signForwarded(wrong as typeof click, { system: 'dingtalk', secrets: [old], now });
    expect(verify({}, signed)).toEqual({ refusal: 'malformed' });
  });

  test('at the edges of its time it is taken', () => {
    expect(verify({ now: now + 300_000 })).toEqual({ click });
    expect(verify({ now: now - 300_000 })).toEqual({ click });
  });
});

describe("DingTalk's part of the API", () => {
  const part = dingTalkInbound('dingtalk', [old]);
  const { headers, body } = signForwarded(click, { system: 'dingtalk', secrets: [old], now });
  const raw = Buffer.from(body);

  test('makes a decision of a click that is signed', () => {
    expect(part.verify({ raw, headers, now })).toEqual({
      kind: 'decision',
      deliveryId: 'm1',
      account: { team: 'ding1', user: 'manager4220' },
      action: 'reject',
      changeId: click.changeId,
      digest: click.digest,
      comment: click.comment,
      replyTo: null,
    });
  });

  test.each<[string, object, string]>([
    ['is not signed', { headers: {} }, 'refused'],
    ['is too old', { now: now + 301_000 }, 'refused'],
    ['is cut short', { raw: raw.subarray(1) }, 'refused'],
  ])('refuses what %s', (_name, changed, kind) => {
    expect(part.verify({ raw, headers, now, ...changed })).toEqual({ kind });
  });

  test('says so of what is signed and no click', () => {
    const wrong = signForwarded({ ...click, round: 0 }, { system: 'dingtalk', secrets: [old], now });
    expect(part.verify({ raw: Buffer.from(wrong.body), headers: wrong.headers, now }).kind).toBe('malformed');
  });

  test.each([
    [{ outcome: 'recorded', action: 'approve' }, /was recorded/],
    [{ outcome: 'pending' }, /has arrived/],
    [{ outcome: 'refused', code: 'self_approval' }, /somebody else/],
    [{ outcome: 'refused', code: 'forbidden' }, /does not count here \(forbidden\)/],
    [{ outcome: 'unavailable', code: 'log_unavailable' }, /cannot be reached/],
    [{ outcome: 'unavailable', code: 'engine_busy' }, /^It is not known/],
  ] as const)('tells the person of %j', (told, expected) => {
    expect(part.answer(told).notice).toMatch(expected);
  });
});
