import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { attemptWithinMs, openAttempt, sealAttempt } from '../../console/login-attempt.ts';
import { createSeal, sealKeyBytes } from '../../console/seal.ts';

const seal = createSeal(randomBytes(sealKeyBytes));
const value = { text: 'Straße 上海', n: 1, list: [null, true] };

test('what was sealed opens in its place', () => {
  expect(seal.open(seal.seal(value, 'here'), 'here')).toEqual(value);
});

test('it opens in no other place, with no other key, and shows nothing of itself', () => {
  const sealed = seal.seal(value, 'here');
  expect(seal.open(sealed, 'there')).toBeNull();
  expect(createSeal(randomBytes(sealKeyBytes)).open(sealed, 'here')).toBeNull();
  expect(sealed.toString('latin1')).not.toContain('text');
  expect(seal.seal(value, 'here')).not.toEqual(sealed);
});

test('with any one bit changed, or cut anywhere, it does not open', () => {
  const sealed = seal.seal(value, 'here');
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Buffer.from(sealed);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(seal.open(changed, 'here')).toBeNull();
  }
  for (let length = 0; length < sealed.length; length++) {
    expect(seal.open(sealed.subarray(0, length), 'here')).toBeNull();
  }
});

const attempt = {
  state: 's',
  nonce: 'n',
  verifier: 'v',
  returnTo: '/changes',
  maxAge: null,
  startedAt: 1000,
  replaces: null,
};

test('an attempt to log in is one for ten minutes', () => {
  const cookie = sealAttempt(seal, attempt);
  expect(openAttempt(seal, cookie, 1000 + attemptWithinMs)).toEqual(attempt);
  expect(openAttempt(seal, cookie, 1001 + attemptWithinMs)).toBeNull();
});

test.each([
  ['none', undefined],
  ['an empty one', ''],
  ['text', 'hello'],
  ['what was sealed as a session', seal.seal(attempt, 'session').toString('base64url')],
  ['what is none', seal.seal({ ...attempt, returnTo: 1 }, 'login attempt').toString('base64url')],
])('a cookie that is no attempt: %s', (_what, cookie) => {
  expect(openAttempt(seal, cookie, 1000)).toBeNull();
});
