import { expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../api/engine.ts';
import type { ChangeRequest } from '../../domain/change.ts';
import { changeWorkflowType, workflowIdOf } from '../../domain/change.ts';
import { CountersignError } from '../../domain/error.ts';
import { onePolicy } from '../../policies/load.ts';
import { changeTaskQueue } from '../support/task-queues.ts';
import { codeOf, post } from '../support/steps.ts';
import { policyWith } from '../support/policy.ts';
import { startApi, startTestbed, startWorkers } from '../support/service.ts';

test('a signed submission that was refused long ago opens nothing when it is started by hand', async () => {
  const testbed = await startTestbed();
  onTestFinished(() => testbed.stop());
  const workers = await startWorkers(testbed);
  onTestFinished(() => workers.stop());
  const refused: ChangeRequest[] = [];
  const api = await startApi(testbed, {
    now: () => Date.now() - 3_600_000,
    policies: onePolicy(policyWith({ name: 'standard', standard: true, stages: [] })),
    engine: {
      ...createEngine(testbed.client),
      submit(request) {
        refused.push(request);
        return Promise.reject(new CountersignError('open_change_exists', 'taken'));
      },
    },
  });
  onTestFinished(() => api.stop());
  const sn = await testbed.certificate();
  expect(await codeOf(post(api.users.alice, sn))).toBe('open_change_exists');
  const [request] = refused as [ChangeRequest];
  const again = testbed.client.workflow.execute(changeWorkflowType, {
    workflowId: workflowIdOf(request.id),
    taskQueue: changeTaskQueue,
    args: [request],
  });
  await expect(again).rejects.toMatchObject({ cause: { type: 'invalid_request' } });
  expect(await testbed.calls(sn)).toEqual([]);
});
