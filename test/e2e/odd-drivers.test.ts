import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Implementations } from '../../operations/implementations.ts';
import { stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { changeThat, dependenciesOf, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* A driver of an installation's own may do anything. Whatever it does, a change can be stopped and comes to an end. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let deps: Awaited<ReturnType<typeof dependenciesOf>>;
let steps: Steps;
/** Serial numbers whose calls are never prepared. */
const stuck = new Set<unknown>();

beforeAll(async () => {
  testbed = await startTestbed();
  deps = await dependenciesOf(testbed);
  const implementations: Implementations = {
    get(name) {
      const found = deps.implementations.get(name);
      return (
        found && {
          ...found,
          prepare: (input, context) =>
            stuck.has(input['sn']) ? new Promise(() => undefined) : found.prepare(input, context),
        }
      );
    },
  };
  [api, workers] = await Promise.all([startApi(testbed), startWorkers(testbed, { implementations })]);
  steps = stepsOf(api);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await deps.stop();
  await testbed.stop();
});

test('a driver that prepares nothing has sent nothing: it is tried again', async () => {
  const sn = await testbed.certificate();
  stuck.add(sn);
  const { id } = await steps.approved(sn);
  await changeThat(api.users.alice, id, (c) => c.attempts[0]?.outcome === 'failed');
  stuck.delete(sn);
  const ended = await steps.ended(id);
  expect(ended).toMatchObject({ executionStatus: 'succeeded' });
  expect(ended.attempts[0]).toMatchObject({ code: 'not_sent', sentAt: null });
  expect(await testbed.calls(sn)).toHaveLength(1);
});

test('a change whose driver prepares nothing can be abandoned', async () => {
  const sn = await testbed.certificate();
  stuck.add(sn);
  const { id } = await steps.approved(sn);
  await changeThat(api.users.alice, id, (c) => c.attempts.length > 0);
  await api.users.olga.post(`/v1/changes/${id}/execution`, { action: 'abandon', comment: 'enough' });
  expect(await steps.ended(id)).toMatchObject({
    executionStatus: 'cancelled',
    outcome: { code: 'abandoned' },
  });
  expect(await testbed.calls(sn)).toEqual([]);
});
