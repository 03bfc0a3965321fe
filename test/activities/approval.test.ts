import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { assertOpen } from '../../activities/approval.ts';
import { isoTime } from '../../domain/time.ts';
import { change } from '../store/change-fixture.ts';

const now = Date.parse('2026-11-24T09:00:00.000Z');
const at = (ms: number) => isoTime(now + ms);

test.each([
  ['open', at(1), null, null, null],
  ['its execute-by is now', at(0), null, null, false],
  ['its execute-by has passed', at(-1), null, null, false],
  ['its execute-after is to come', at(1), at(1), null, false],
  ['its execute-after is now', at(1), at(0), null, null],
  ['it has ended', at(1), null, at(-1), true],
  ['its approval is not recorded', null, null, null, true],
])('a call of a change: %s', (_what, executeBy, executeAfter, closedAt, final) => {
  const stored = change({ executeBy, closedAt });
  const refused = () => assertOpen(stored, { executeAfter }, now);
  if (final === null) expect(refused).not.toThrow();
  else {
    let failure: unknown;
    try {
      refused();
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: 'approval_spent', nonRetryable: final });
  }
});

test('a call of a change that is not recorded', () => {
  expect(() => assertOpen(null, { executeAfter: null }, now)).toThrow(ApplicationFailure);
});
