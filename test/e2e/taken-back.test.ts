import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { requestUpdate } from '../../workflows/messages.ts';
import { problemsIn } from '../support/followed.ts';
import { approvalOf, codeOf, decide, entriesOf, stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { honest } from '../support/honest.ts';
import { startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/** RESET_REAPPLY_EXCLUDE_TYPE_UPDATE. */
const withoutLaterUpdates = { resetReapplyExcludeTypes: [2] };

/* Whoever operates Temporal has every approval with its signature. One that was taken back must not come to count again. */

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
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

const takeBack = (change: ChangeView): Promise<ChangeView> =>
  api.users.bob.delete(`/v1/changes/${change.id}/decisions`);
const handleOf = ({ id }: ChangeView) => testbed.client.workflow.getHandle(workflowIdOf(id));

async function problemsOf(change: ChangeView): Promise<string[]> {
  const entries = await entriesOf(api.users.dave, change.id);
  return problemsIn(entries, change).map(({ code }) => code);
}

describe('an approval that was taken back', { timeout: 120_000 }, () => {
  test('and comes again past the API: nothing is called, and the verifier tells of it', async () => {
    const sn = await testbed.certificate();
    const change = await steps.asked(sn);
    await decide(api.users.bob, change);
    await takeBack(change);
    const signed = await approvalOf(api.users.dave, change);
    await handleOf(change).executeUpdate(requestUpdate, { args: [{ signed, source: null }] });
    await decide(api.users.carol, change);
    expect(await steps.ended(change.id)).toMatchObject({
      executionStatus: 'failed',
      outcome: { code: 'bad_signature' },
    });
    expect(await testbed.calls(sn)).toEqual([]);
    expect(await problemsOf(change)).toEqual(['statement_repeated']);
  });

  test('and whose workflow is reset to before that: nothing is called', async () => {
    const sn = await testbed.certificate();
    const change = await steps.asked(sn);
    await decide(api.users.bob, change);
    const { events } = await handleOf(change).fetchHistory();
    const then = events?.findLast((event) => event.workflowTaskCompletedEventAttributes)?.eventId;
    if (!then) throw new Error('a workflow has begun');
    await takeBack(change);
    const workflowId = workflowIdOf(change.id);
    await testbed.client.workflowService.resetWorkflowExecution({
      namespace: testbed.namespace,
      workflowExecution: { workflowId, runId: (await handleOf(change).describe()).runId },
      workflowTaskFinishEventId: then,
      requestId: randomUUID(),
      ...withoutLaterUpdates,
    });
    // What is refused lifts the version past the one that is kept.
    const { statement, ...signature } = await approvalOf(api.users.dave, change);
    for (let n = 0; n < 4; n += 1) {
      const forged = { ...statement, person: { ...statement.person, subject: `mallory${n}` } };
      const signed = { ...signature, statement: forged };
      const update = handleOf(change).executeUpdate(requestUpdate, { args: [{ signed, source: null }] });
      expect(await codeOf(update)).not.toBeNull();
    }
    await decide(api.users.carol, change);
    expect((await steps.ended(change.id)).executionStatus).toBe('failed');
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('and is given anew counts', async () => {
    const sn = await testbed.certificate();
    const change = await steps.asked(sn);
    await decide(api.users.bob, change);
    await takeBack(change);
    await decide(api.users.bob, change);
    await decide(api.users.carol, change);
    expect((await steps.ended(change.id)).executionStatus).toBe('succeeded');
    expect(await problemsOf(change)).toEqual([]);
  });
});
