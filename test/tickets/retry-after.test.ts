import { expect, test } from 'vitest';
import { retryAfterMs, untilMs } from '../../tickets/retry-after.ts';

const now = Date.parse('2026-11-29T09:00:00.000Z');

test.each([
  [null, null],
  ['120', 120_000],
  ['0', 0],
  ['999999999', 86_400_000],
  ['Sun, 29 Nov 2026 09:01:00 GMT', 60_000],
  ['Sun, 29 Nov 2026 08:00:00 GMT', 0],
  ['Sun, 29 Nov 2099 08:00:00 GMT', 86_400_000],
  ['2026-11-29T09:01:00Z', null],
  ['soon', null],
  ['1.5', null],
  ['-5', null],
  ['', null],
])('Retry-After: %s', (header, expected) => {
  expect(retryAfterMs(header, now)).toBe(expected);
});

test('whoever asks says what is the longest', () => {
  expect(retryAfterMs('120', now, 60_000)).toBe(60_000);
  expect(retryAfterMs('Sun, 29 Nov 2026 10:00:00 GMT', now, 60_000)).toBe(60_000);
  expect(untilMs(now + 5000, now, 60_000)).toBe(5000);
  expect(untilMs(now - 5000, now)).toBe(0);
  expect(untilMs(NaN, now)).toBeNull();
});
