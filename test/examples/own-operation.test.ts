import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { openImplementations, openOperations } from '../../cli/operations.ts';
import { startLicenceService } from '../../examples/own-operation/licence-service.ts';
import type { LicenceService } from '../../examples/own-operation/licence-service.ts';
import { makeImplementations } from '../../operations/implementations.ts';
import { decide, stepsOf } from '../support/steps.ts';
import { bundledBy } from '../support/operations.ts';
import { changeThat, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* The example of docs/own-operations.md, loaded as an installation would. */

const folder = join(import.meta.dirname, '..', '..', 'examples', 'own-operation');
const env = {
  COUNTERSIGN_OPERATIONS: join(folder, 'revoke-licence.ts'),
  COUNTERSIGN_IMPLEMENTATIONS: join(folder, 'licence-driver.ts'),
};
let testbed: Testbed;
let service: LicenceService;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;

beforeAll(async () => {
  [testbed, service] = await Promise.all([
    startTestbed(),
    startLicenceService({ 'L-1': 'Alpha', 'L-2': 'Beta', 'L-3': 'Gamma' }),
  ]);
  vi.stubEnv('LICENCE_SERVICE_URL', service.url);
  const operations = await openOperations(env);
  const own = await openImplementations(env);
  const implementations = makeImplementations(operations, [...bundledBy(testbed.simulator.url), ...own]);
  [api, workers] = await Promise.all([
    startApi(testbed, { operations }),
    startWorkers(testbed, { operations, implementations }),
  ]);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await service.stop();
  await testbed.stop();
});

function ask(input: object): Promise<ChangeView> {
  const body = { operation: 'RevokeLicence', input, justification: 'the contract has ended' };
  return api.users.alice.post('/v1/changes', body, { 'Idempotency-Key': randomUUID() });
}
const callsOf = (licence: string) =>
  service.requests.filter(({ request }) => request === `POST /licences/${licence}/revocation`);

test('is listed beside the bundled ones', async () => {
  const { items } = await api.users.bob.get<{ items: { name: string }[] }>('/v1/operations');
  expect(items.map(({ name }) => name)).toEqual([
    'ActiveCaCertificate',
    'InactivateCaCertificate',
    'ActiveDeviceCertificate',
    'InactivateDeviceCertificate',
    'RevokeLicence',
  ]);
});

test('is approved, sent after a 500, and succeeds', async () => {
  service.fail(500);
  const { id } = await ask({ licence: 'L-1' });
  const asked = await changeThat(api.users.alice, id, (c) => c.digest !== null);
  expect(asked).toMatchObject({
    target: { id: 'licences/L-1', scope: { licence: 'L-1' } },
    snapshot: { licence: 'L-1', holder: 'Alpha', state: 'granted' },
    presented: [
      { label: 'licence', value: 'L-1' },
      { label: 'holder', value: 'Alpha' },
      { label: 'state', value: 'granted' },
    ],
  });
  expect(callsOf('L-1')).toEqual([]);
  await decide(api.users.bob, asked);
  const end = await stepsOf(api).ended(id);
  expect(end.executionStatus).toBe('succeeded');
  expect(end.attempts.map(({ outcome, httpStatus, requestId }) => [outcome, httpStatus, requestId])).toEqual(
    callsOf('L-1').map(({ status, id: requestId }) => [
      status === 200 ? 'succeeded' : 'failed',
      status,
      requestId,
    ]),
  );
  expect(end.attempts).toHaveLength(2);
});

test('fails for good where the service refuses it', async () => {
  service.fail(403);
  const { id } = await ask({ licence: 'L-2' });
  await decide(api.users.bob, await changeThat(api.users.alice, id, (c) => c.digest !== null));
  const end = await stepsOf(api).ended(id);
  expect(end).toMatchObject({ executionStatus: 'failed', outcome: { code: 'Refused' } });
  expect(callsOf('L-2')).toHaveLength(1);
});

test('is refused where its rules or its schema say so', async () => {
  expect(await stepsOf(api).ended((await ask({ licence: 'L-404' })).id)).toMatchObject({
    decisionStatus: 'refused',
    outcome: { code: 'target_not_found' },
  });
  await expect(ask({ licence: 'L-3', more: true })).rejects.toMatchObject({ code: 'invalid_request' });
});
