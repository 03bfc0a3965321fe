import { expect, test } from 'vitest';
import { mayHaveBeenSent } from '../../domain/attempt.ts';
import type { Attempt } from '../../domain/change.ts';

test.each<[Attempt['outcome'], string | null, boolean]>([
  ['open', null, true],
  ['succeeded', 'OK', true],
  ['failed', 'InternalError', true],
  ['failed', 'Throttling.User', true],
  ['failed', 'not_sent', false],
  ['unknown', 'timeout', true],
  ['unknown', 'worker_lost', true],
  ['unknown', 'not_sent', true],
])('an attempt that is %s with %s', (outcome, code, expected) => {
  expect(mayHaveBeenSent({ outcome, code })).toBe(expected);
});
