import { expect, test } from 'vitest';
import { declaredFault } from '../../activities/declared-driver.ts';
import type { FailedStep } from '../../domain/driver-step.ts';
import type { FaultClass } from '../../domain/fault.ts';
import { readAnswerSchema } from '../../declarations/activity-contract.ts';

const failures = { Busy: 'throttled', TimeoutFailure: 'permanent', unknown: 'transient' } as const;
const failed = (type: string | null, detail: unknown = null): FailedStep => ({
  ...{ kind: 'failed', type, message: 'why', detail },
});

test.each<[string, FailedStep, FaultClass, FaultClass, string]>([
  ['a declared type', failed('Busy'), 'throttled', 'throttled', 'Busy'],
  ['a type that is a class', failed('permanent'), 'permanent', 'permanent', 'permanent'],
  ['a declared type that is a class', failed('unknown'), 'transient', 'transient', 'unknown'],
  ['another type', failed('ValueError'), 'transient', 'unknown', 'ValueError'],
  ['a name that every object has', failed('toString'), 'transient', 'unknown', 'toString'],
  ['no type', failed(''), 'transient', 'unknown', 'driver_failed'],
  ['a code of ours', failed('not_sent'), 'transient', 'unknown', 'driver_failed'],
  ['another code of ours', failed('succeeded'), 'transient', 'unknown', 'driver_failed'],
  ['and one more', failed('workflow_ended'), 'transient', 'unknown', 'driver_failed'],
  ['Temporal’s own word', failed(null), 'transient', 'unknown', 'driver_failed'],
])('%s', (_what, step, ofRead, ofCall, code) => {
  expect(declaredFault(step, 'read', failures)).toMatchObject({ class: ofRead, code, message: 'why' });
  expect(declaredFault(step, 'call', failures)).toMatchObject({ class: ofCall, code, message: 'why' });
});

test.each<[string, unknown, object]>([
  [
    'is known',
    { requestId: 'r', httpStatus: 429, retryAfterMs: 5000 },
    { requestId: 'r', httpStatus: 429, retryAfterMs: 5000 },
  ],
  ['has more', { requestId: 'r', more: 1 }, { requestId: 'r', httpStatus: null, retryAfterMs: null }],
  ['is wrong', { requestId: 5 }, { requestId: null, httpStatus: null, retryAfterMs: null }],
  ['is none', 'text', { requestId: null, httpStatus: null, retryAfterMs: null }],
])('a detail that %s', (_what, detail, facts) => {
  expect(declaredFault(failed('Busy', detail), 'call', failures)).toMatchObject(facts);
});

test.each([
  ['already_closed', true],
  ['not_sent', false],
  ['succeeded', false],
  ['workflow_ended', false],
])('a read may answer a refusal with the code %s: %s', (code, may) => {
  const refusal = { code, message: 'why' };
  const answer = { requestId: 'r', snapshot: null, refusal, achieved: false, identity: {} };
  expect(readAnswerSchema.safeParse(answer).success).toBe(may);
});
