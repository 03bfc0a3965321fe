import { expect, test } from 'vitest';
import { mayHaveBeenSent } from '../../domain/attempt.ts';
import type { Attempt } from '../../domain/change.ts';

const marked = '2026-11-24T09:00:00.000Z';

test.each<[string | null, Attempt['outcome'], string | null, boolean]>([
  [null, 'open', null, false],
  [marked, 'open', null, true],
  [marked, 'succeeded', 'OK', true],
  [marked, 'failed', 'InternalError', true],
  [marked, 'failed', 'Throttling.User', true],
  [marked, 'failed', 'not_sent', false],
  [null, 'failed', 'not_sent', false],
  [marked, 'unknown', 'timeout', true],
  [marked, 'unknown', 'worker_lost', true],
  [marked, 'unknown', 'not_sent', true],
])('an attempt marked at %s that is %s with %s', (sentAt, outcome, code, expected) => {
  expect(mayHaveBeenSent({ sentAt, outcome, code })).toBe(expected);
});
