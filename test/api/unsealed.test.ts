import { afterAll, beforeAll, expect, test } from 'vitest';
import { watchUnsealed } from '../../api/sealed.ts';
import { appendEntry } from '../../audit/append.ts';
import { draft } from '../audit/entry-fixture.ts';
import { eventually } from '../support/service.ts';
import { replicaOfTest, startApiStack } from './api-stack.ts';
import type { ApiStack } from './api-stack.ts';

let stack: ApiStack;

beforeAll(async () => {
  stack = await startApiStack();
});
afterAll(() => stack.stop());

test('while the log is not sealed no approval is accepted past the limit, and every word that stops is', async () => {
  const api = await replicaOfTest(stack, { unsealedLimitSeconds: 1 });
  const change = await stack.stored();
  const { digest } = change;
  const decide = (decision: 'approve' | 'reject') =>
    api.call(`/v1/changes/${change.id}/decisions`, {
      as: 'bob',
      body: { decision, digest, comment: 'seen' },
    });
  // No workflow runs for it: this is the answer to what is passed on.
  const { code: passedOn } = (await decide('approve')).body;
  expect(passedOn).toMatch(/./);
  expect(passedOn).not.toBe('not_sealed');

  await stack.testbed.stopLog();
  await appendEntry(stack.worker, draft());
  const refused = await eventually(async () => {
    const answer = await decide('approve');
    return answer.body.code === 'not_sealed' ? answer : null;
  });
  expect(refused.status).toBe(503);
  const ready = await api.call('/readyz', { as: null });
  expect((ready.body.unsealed as { seconds: number }).seconds).toBeGreaterThan(1);
  expect((await decide('reject')).body.code).toBe(passedOn);
  const withdrawal = await api.call(`/v1/changes/${change.id}/withdrawal`, { body: { comment: 'not now' } });
  expect(withdrawal.body.code).not.toBe('not_sealed');

  const alarms: { code: string; details: unknown }[] = [];
  const watch = watchUnsealed({
    db: api.pool,
    alarm: (code, _, details) => void alarms.push({ code, details }),
    limitSeconds: 1,
    everyMs: 20,
  });
  await eventually(() => Promise.resolve(alarms.length > 0 ? true : null));
  expect(alarms[0]).toMatchObject({ code: 'log_unsealed', details: { limitSeconds: 1 } });
  expect(alarms).toHaveLength(1);
  watch.stop();

  await stack.testbed.startLog();
  // What stopped it meanwhile has its own answer.
  await eventually(async () => ((await decide('approve')).body.code !== 'not_sealed' ? true : null));
});
