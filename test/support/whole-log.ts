import { expect } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { entriesOf } from './steps.ts';
import { replayAll } from './replay.ts';
import { changeThat } from './service.ts';
import type { Testbed, startApi } from './service.ts';

/** The change has ended well with one call that took effect, and its log is whole: each event once, every attempt ended, one close. */
export async function expectWhole(
  { users }: Awaited<ReturnType<typeof startApi>>,
  testbed: Testbed,
  id: string,
  sn: string,
): Promise<ChangeView> {
  const change = await changeThat(users.alice, id, (c) => c.closedAt !== null);
  const entries = await entriesOf(users.dave, id);
  const types = entries.map((e) => e.type);
  const count = (type: string) => types.filter((t) => t === type).length;
  expect(new Set(entries.map((e) => e.key)).size).toBe(entries.length);
  for (const once of [
    'change.requested',
    'change.prechecked',
    'decision.approved',
    'change.scheduled',
    'change.closed',
  ]) {
    expect([once, count(once)]).toEqual([once, 1]);
  }
  expect(types.at(-1)).toBe('change.closed');
  const ended = count('attempt.succeeded') + count('attempt.failed') + count('attempt.unknown');
  expect(ended).toBe(count('attempt.started'));
  expect(types.indexOf('decision.approved')).toBeLessThan(types.indexOf('attempt.started'));
  const calls = await testbed.calls(sn);
  expect(calls.filter((c) => c.applied)).toHaveLength(1);
  // No call that was not announced.
  expect(calls.length).toBeLessThanOrEqual(count('attempt.started'));
  expect(change.executionStatus).toBe('succeeded');
  expect(await replayAll(testbed)).toBeGreaterThan(0);
  return change;
}
