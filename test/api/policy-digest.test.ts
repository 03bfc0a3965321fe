import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AlarmCode } from '../../domain/alarm.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { onePolicy } from '../../policies/load.ts';
import { submission } from '../support/service.ts';
import { replicaOfTest, startApiStack } from './api-stack.ts';
import type { ApiStack } from './api-stack.ts';

let stack: ApiStack;

beforeAll(async () => {
  stack = await startApiStack();
});
afterAll(() => stack.stop());

test('nothing is asked for under a policy whose digest is not that of what it says', async () => {
  const alarms: AlarmCode[] = [];
  const api = await replicaOfTest(stack, {
    policies: onePolicy({ ...fourEyes, stages: [{ name: 'none', groups: [{ group: null, threshold: 1 }] }] }),
    alarm: (code) => void alarms.push(code),
  });
  const answer = await api.call('/v1/changes', { body: submission('SN-1') });
  expect(answer).toMatchObject({ status: 500, body: { code: 'policy_digest_differs' } });
  expect(alarms).toEqual(['policy_digest_differs']);
  const started = await stack.testbed.client.workflow.count();
  expect(started.count).toBe(0);
});
