import { expect, test } from 'vitest';
import { afterFailure } from '../../domain/delivery-failure.ts';

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;
const now = Date.parse('2026-11-29T09:00:00.000Z');
const failed = { mayHelp: true, isGone: false, isOverloaded: false, retryAfterMs: null };
const first = { attempts: 0, firstFailedAt: null };

test('the delays grow from seconds to an hour', () => {
  const delays = Array.from({ length: 9 }, (_, attempts) => {
    const next = afterFailure(failed, { attempts, firstFailedAt: now - second }, now);
    return next.kind === 'retry' ? next.afterMs / second : null;
  });
  expect(delays).toEqual([5, 15, 45, 135, 405, 1215, 3600, 3600, 3600]);
});

test.each([
  ['a first failure', failed, first, { kind: 'retry', afterMs: 5 * second, pausesAll: false }],
  [
    'a receiver that wants time',
    { ...failed, retryAfterMs: 2 * hour },
    first,
    { kind: 'retry', afterMs: 2 * hour, pausesAll: false },
  ],
  [
    'a receiver that wants less than we do',
    { ...failed, retryAfterMs: 1 },
    first,
    { kind: 'retry', afterMs: 5 * second, pausesAll: false },
  ],
  [
    'a receiver that cannot keep up',
    { ...failed, isOverloaded: true },
    first,
    { kind: 'retry', afterMs: 5 * second, pausesAll: true },
  ],
  [
    'the last try comes a day after the first failure',
    failed,
    { attempts: 30, firstFailedAt: now - day + 60 * second },
    { kind: 'retry', afterMs: 60 * second, pausesAll: false },
  ],
  ['a day later', failed, { attempts: 31, firstFailedAt: now - day }, { kind: 'dead' }],
  [
    'wanted later than the day ends',
    { ...failed, retryAfterMs: 9 * day },
    first,
    { kind: 'retry', afterMs: day, pausesAll: false },
  ],
  ['no repeat helps', { ...failed, mayHelp: false }, first, { kind: 'dead' }],
  ['it wants no more', { ...failed, isGone: true, mayHelp: false }, first, { kind: 'disable' }],
])('%s', (_what, how, before, expected) => {
  expect(afterFailure(how, before, now)).toEqual(expected);
});
