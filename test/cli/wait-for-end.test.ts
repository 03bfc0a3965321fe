import { expect, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { exitCodeOfEnd } from '../../cli/exit-codes-of-end.ts';
import { waitForEnd } from '../../client/wait-for-end.ts';
import { CountersignError } from '../../domain/error.ts';
import type { ErrorCode } from '../../domain/error.ts';
import { decisionStatuses, executionStatuses } from '../../domain/status.ts';

/** An API that answers these, one after another, and how long was slept between. */
function answering(...answers: (ErrorCode | 'open' | 'closed')[]) {
  const slept: number[] = [];
  const left = [...answers];
  const client = {
    change: (id: string) => {
      const next = left.shift() ?? 'closed';
      if (next !== 'open' && next !== 'closed') return Promise.reject(new CountersignError(next, next));
      const closedAt = next === 'closed' ? '2026-11-24T09:00:00.000Z' : null;
      return Promise.resolve({ id, closedAt } as ChangeView);
    },
  };
  const sleep = (ms: number) => Promise.resolve(slept.push(ms));
  return { slept, left, wait: () => waitForEnd(client, 'one', undefined, sleep) };
}

test('it asks until the change has ended', async () => {
  const { slept, wait } = answering('open', 'open', 'closed');
  expect(await wait()).toMatchObject({ id: 'one' });
  expect(slept).toEqual([2000, 2000]);
});

test('an API that is away or limits requests is asked again, less and less often, and as before once it is back', async () => {
  const away: ErrorCode[] = ['engine_unavailable', 'rate_limited', 'log_unavailable', 'identity_unavailable'];
  const { slept, wait } = answering(...away, 'engine_busy', 'open', 'closed');
  await wait();
  expect(slept).toEqual([4000, 8000, 16_000, 30_000, 30_000, 2000]);
});

test.each<ErrorCode>(['unauthenticated', 'not_found', 'forbidden'])('%s ends it', async (code) => {
  const { left, wait } = answering('open', code, 'closed');
  await expect(wait()).rejects.toMatchObject({ code });
  expect(left).toEqual(['closed']);
});

test('every end has its exit code', () => {
  const codes = Object.fromEntries(
    executionStatuses.map((executionStatus) => [
      executionStatus,
      exitCodeOfEnd({ decisionStatus: 'approved', executionStatus }),
    ]),
  );
  expect(codes).toMatchObject({
    ...{ succeeded: 0, partially_succeeded: 12, outcome_unknown: 12, failed: 11, cancelled: 11 },
  });
  for (const decisionStatus of decisionStatuses.filter((one) => one !== 'approved')) {
    expect(exitCodeOfEnd({ decisionStatus, executionStatus: 'not_started' })).toBe(10);
  }
  // Also withdrawn by its host after an unknown call: whatever was decided, the call counts.
  expect(exitCodeOfEnd({ decisionStatus: 'withdrawn', executionStatus: 'outcome_unknown' })).toBe(12);
});
