import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { workflowBundle } from '../../cli/workflow-bundle.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { defaultInstallation, taskQueuesOf } from '../../domain/installation.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { createStatementVerifier } from '../../identity/statement-signer.ts';
import { makeImplementations } from '../../operations/implementations.ts';
import { makeOperations } from '../../operations/registry.ts';
import { CountersignPlugin } from '../../plugin/countersign-plugin.ts';
import { policyChoice } from '../../policies/choose.ts';
import { onePolicy } from '../../policies/load.ts';
import { makeCallActivities } from '../../testing/call-activities.ts';
import { changesInMemory } from '../../testing/changes-in-memory.ts';
import { testTarget } from '../../testing/index.ts';
import { kitRules } from '../../testing/kit-rules.ts';
import { makeLogActivities } from '../../testing/log-activities.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { PROJECT_HOME } from '../support/stack.ts';
import { eventually } from '../support/service.ts';
import { testServer } from '../support/time-skipping.ts';
import { revokeBadge } from './revoke-badge.ts';

/* A kit whose answer that a change is open is lost, as on a machine that stalls. */

const workflowsPath = fileURLToPath(import.meta.resolve('./host-workflows.ts'));

test('a keyed change whose first task is done again is found as the run’s own', async () => {
  quietRuntime();
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: await testServer() } },
  });
  const { implementation } = testTarget(revokeBadge, {
    before: { holder: 'Ann', state: 'granted' },
    after: { state: 'revoked' },
    output: { receipt: 'R-1' },
  });
  const operations = makeOperations([implementation.operation]);
  const { publicKey } = generateKeyPairSync('ed25519');
  const changes = changesInMemory();
  const parts = {
    ...{ changes, rules: kitRules(), operations },
    implementations: makeImplementations(operations, [implementation]),
    policies: policyChoice(onePolicy(fourEyes)),
    verifyStatement: createStatementVerifier([publicKey.export({ format: 'pem', type: 'spki' }).toString()]),
    linkOf: () => null,
    clock: () => env.currentTimeMs(),
  };
  const { operatorService } = env.connection as unknown as {
    operatorService: { addSearchAttributes(request: object): Promise<unknown> };
  };
  await operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(Object.keys(searchAttributes).map((name) => [name, 2])),
  });
  const log = makeLogActivities(parts);
  let lost = 0;
  const activities = {
    ...log,
    ...makeCallActivities(parts),
    async openHosted(input: Parameters<typeof log.openHosted>[0]) {
      const answer = await log.openHosted(input);
      if (lost++ === 0) throw new Error('the answer is lost');
      return answer;
    },
  };
  const shared = {
    ...{ connection: env.nativeConnection, namespace: 'default', activities },
    plugins: [new CountersignPlugin({ installation: defaultInstallation })],
  };
  const queues = taskQueuesOf(defaultInstallation);
  const workers = [
    await Worker.create({
      ...shared,
      taskQueue: queues.changes,
      workflowBundle: await workflowBundle(PROJECT_HOME, [], false),
    }),
    await Worker.create({ ...shared, taskQueue: queues.calls }),
    await Worker.create({ connection: env.nativeConnection, taskQueue: 'host', workflowsPath }),
  ];
  const running = Promise.all(workers.map((worker) => worker.run()));
  await env.client.workflow.start('offboardOnce', {
    ...{ workflowId: randomUUID(), taskQueue: 'host' },
    args: [randomUUID()],
  });
  // It is shown to people: its workflow goes on.
  const shown = await eventually(() =>
    Promise.resolve([...changes.all.values()].find(({ change }) => change.digest !== null) ?? null),
  );
  expect(shown.events.map(({ type }) => type)).toEqual(['change.requested', 'change.prechecked']);
  expect(lost).toBe(2);
  for (const worker of workers) worker.shutdown();
  await running;
  await env.teardown();
});
