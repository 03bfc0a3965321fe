import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf, entriesOf, journeyOf } from '../support/journey.ts';
import type { Journey } from '../support/journey.ts';
import { replayAll } from '../support/replay.ts';
import { startApi, startGround, startWorkers } from '../support/service.ts';
import type { Ground } from '../support/service.ts';

let ground: Ground;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let journey: Journey;

beforeAll(async () => {
  ground = await startGround();
  [api, workers] = await Promise.all([startApi(ground), startWorkers(ground)]);
  journey = journeyOf(api);
});
afterAll(async () => {
  expect(await replayAll(ground)).toBeGreaterThan(1);
  await workers.stop();
  await api.stop();
  await ground.stop();
});

test('a revoked version of a policy ends its open changes as refused, and is recorded once', async () => {
  const [waiting, approved] = await Promise.all([
    journey.asked(await ground.certificate()),
    journey.approved(await ground.certificate(), {
      executeAfter: new Date(Date.now() + 3_600_000).toISOString(),
    }),
  ]);
  const { digest } = waiting.policy;
  const revocation = { digest, comment: 'four eyes were two' };
  const { users } = api;
  expect(await codeOf(users.olga.post('/v1/policy-revocations', revocation))).toBe('missing_role');
  expect(
    await codeOf(users.adam.post('/v1/policy-revocations', { ...revocation, digest: 'f'.repeat(64) })),
  ).toBe('not_found');

  const kept = await users.adam.post('/v1/policy-revocations', revocation);
  expect(kept).toMatchObject({ digest, name: 'four-eyes', revokedBy: { subject: 'adam' } });
  expect(await users.adam.post('/v1/policy-revocations', revocation)).toEqual(kept);

  expect(await codeOf(journey.asked(await ground.certificate()))).toBe('policy_revoked');
  const ends = await Promise.all([journey.ended(waiting.id), journey.ended(approved.id)]);
  expect(ends).toMatchObject([
    { decisionStatus: 'refused', executionStatus: 'not_started', outcome: { code: 'policy_revoked' } },
    { decisionStatus: 'refused', executionStatus: 'cancelled', outcome: { code: 'policy_revoked' } },
  ]);
  const entries = await entriesOf(users.dave, waiting.id);
  expect(entries.map((e) => e.type)).toEqual([
    'change.requested',
    'change.prechecked',
    'change.refused',
    'change.closed',
  ]);
  expect(entries[2]).toMatchObject({ actor: { subject: 'adam' }, code: 'policy_revoked' });
});
