import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { requestUpdate, stateQuery } from '../../workflows/messages.ts';
import { honest } from '../support/honest.ts';
import { approvalOf, codeOf, decide, entriesOf, inMs, stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { replayAll } from '../support/replay.ts';
import { eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* Temporal takes 2,000 updates a run. Whoever repeats a thing makes no change deaf: the next run goes on where this one is. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;

beforeAll(async () => {
  testbed = await startTestbed();
  const policy = honest({
    ...fourEyes,
    stages: [{ name: 'approval', groups: [{ group: null, threshold: 2 }] }],
  });
  const directory = { members: () => undefined, groupsIn: () => [] };
  [api, workers] = await Promise.all([
    startApi(testbed, { policies: { current: () => ({ rules: [{ policy, match: {} }], directory }) } }),
    startWorkers(testbed),
  ]);
  steps = stepsOf(api);
});
afterAll(async () => {
  expect(await replayAll(testbed)).toBeGreaterThan(2);
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

const handleOf = ({ id }: ChangeView) => testbed.client.workflow.getHandle(workflowIdOf(id));
const runOf = async (change: ChangeView) => (await handleOf(change).describe()).runId;

/** Says the same approval so often that the next run begins. What meets the change of runs is said again. */
async function repeatApproval(change: ChangeView, times: number): Promise<void> {
  const signed = await approvalOf(api.users.dave, change);
  const say = () =>
    eventually(
      () =>
        handleOf(change)
          .executeUpdate(requestUpdate, { args: [{ signed, source: null }], updateId: randomUUID() })
          .then(
            () => true,
            () => null,
          ),
      () => 'an update',
    );
  for (let said = 0; said < times; said += 5) await Promise.all(Array.from({ length: 5 }, say));
}

/** Has the next run begin. */
async function untilNextRun(change: ChangeView): Promise<void> {
  const before = await runOf(change);
  await repeatApproval(change, 520);
  await eventually(
    async () => ((await runOf(change)) === before ? null : true),
    () => 'another run',
  );
}

test('a change that somebody tells one thing for ever goes on in other runs: what was said counts, what is said now stops', async () => {
  const sn = await testbed.certificate();
  const asked = await steps.asked(sn, { executeAfter: inMs(1000) });
  const one = await decide(api.users.bob, asked);
  await untilNextRun(one);
  const state = await handleOf(asked).query(stateQuery);
  expect(state).toMatchObject({ decisionStatus: 'pending', decisions: [{ person: { subject: 'bob' } }] });
  expect(await codeOf(decide(api.users.alice, one))).toBe('self_approval');
  const approved = await decide(api.users.carol, one);
  const control = (action: string) =>
    api.users.olga.post<ChangeView>(`/v1/changes/${asked.id}/execution`, { action, comment: 'c' });
  expect(await control('pause')).toMatchObject({ stop: { action: 'pause' } });
  await untilNextRun(approved);
  expect(await testbed.calls(sn)).toHaveLength(0);
  expect(await handleOf(asked).query(stateQuery)).toMatchObject({ executionStatus: 'paused' });
  await control('resume');
  const ended = await steps.ended(asked.id);
  expect(ended).toMatchObject({ executionStatus: 'succeeded' });
  expect(ended.attempts.filter(({ sentAt }) => sentAt !== null)).toHaveLength(1);
  expect(await testbed.calls(sn)).toHaveLength(1);
  const types = (await entriesOf(api.users.dave, asked.id)).map(({ type }) => type);
  expect(types.filter((type) => type === 'decision.approved')).toHaveLength(2);
  expect(types.filter((type) => type === 'change.requested')).toHaveLength(1);
});
