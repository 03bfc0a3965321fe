import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { BreakGlassRule, PinnedPolicy } from '../../domain/policy.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { codeOf, entriesOf, post } from '../support/steps.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

let testbed: Testbed;
let workers: Awaited<ReturnType<typeof startWorkers>>[];
const apis: Awaited<ReturnType<typeof startApi>>[] = [];

/** Two replicas under a policy whose glass one person may break. */
async function replicas(subject: string, approvals: BreakGlassRule['approvals']) {
  const { digest: _, ...rest } = fourEyes;
  const members: Omit<PinnedPolicy, 'digest'> = {
    ...rest,
    name: `emergency-${subject}-${approvals}`,
    breakGlass: { groups: ['on-call'], approvals },
    groups: { 'on-call': { source: 'members', members: [{ issuer: testbed.identity.issuer, subject }] } },
  };
  const digest = createHash('sha256').update(canonicalJson(members)).digest('hex');
  const directory = { members: () => undefined, groupsIn: () => [] };
  const policies = { current: () => ({ rules: [{ policy: { ...members, digest }, match: {} }], directory }) };
  const two = [await startApi(testbed, { policies }), await startApi(testbed, { policies })] as const;
  apis.push(...two);
  return two;
}

const glass = { breakGlass: true };

beforeAll(async () => {
  testbed = await startTestbed();
  workers = [await startWorkers(testbed), await startWorkers(testbed)];
});
afterAll(async () => {
  expect(await findingsInLog(testbed)).toEqual([]);
  expect(await replayAll(testbed)).toBeGreaterThan(1);
  await Promise.all([...workers, ...apis].map((one) => one.stop()));
  await testbed.stop();
});

/** Six at once, over two replicas and two workers: what each came to. */
async function sixAtOnce(two: Awaited<ReturnType<typeof replicas>>, user: 'alice' | 'erin') {
  const targets = await Promise.all(Array.from({ length: 6 }, () => testbed.certificate()));
  const tried = await Promise.allSettled(
    targets.map((sn, i) => post((two[i % 2] ?? two[0]).users[user], sn, randomUUID(), glass)),
  );
  const made = tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const refused = tried.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  return { targets, made, refused };
}

test('several at once take over one ordinary change, and end no other', async () => {
  const two = await replicas('alice', 0);
  const { users } = two[0];
  const targets = await Promise.all(Array.from({ length: 6 }, () => testbed.certificate()));
  const ordinary = await Promise.all(targets.map((sn) => post(users.erin, sn)));
  const tried = await Promise.allSettled(
    targets.map((sn, i) => post((two[i % 2] ?? two[0]).users.alice, sn, randomUUID(), glass)),
  );
  const [first, ...others] = tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  expect(others).toEqual([]);
  const now = await Promise.all(ordinary.map(({ id }) => users.erin.change(id)));
  expect(now.filter((c) => c.decisionStatus === 'withdrawn').map((c) => c.target)).toEqual([first?.target]);
  await changeThat(users.alice, first?.id ?? '', (c) => c.closedAt !== null);
  await users.dave.post(`/v1/changes/${first?.id}/review`, { comment: 'the outage was real' });
});

describe('several break-glass changes of one person at once', () => {
  test('breaks it once where nobody approves, and again when somebody has looked', async () => {
    const two = await replicas('alice', 0);
    const { users } = two[0];
    const { targets, made, refused } = await sixAtOnce(two, 'alice');
    expect(made).toHaveLength(1);
    const [first] = made as [ChangeView];
    expect(refused).toHaveLength(5);
    for (const error of refused)
      expect(error).toMatchObject({
        code: 'review_owed',
        message: expect.stringContaining(first.id) as string,
      });
    const end = await changeThat(users.alice, first.id, (c) => c.closedAt !== null);
    expect(end).toMatchObject({ executionStatus: 'succeeded', reviewStatus: 'owed' });
    const calls = await Promise.all(targets.map((sn) => testbed.calls(sn)));
    expect(calls.flat()).toHaveLength(1);
    // Each refusal is in the log, under the change that stood in the way.
    await eventually(async () => {
      const entries = await entriesOf(users.dave, first.id);
      return entries.some((e) => e.type === 'request.refused') ? true : null;
    });

    await users.dave.post(`/v1/changes/${first.id}/review`, { comment: 'the outage was real' });
    const again = await sixAtOnce(two, 'alice');
    expect(again.made).toHaveLength(1);
  });

  test('breaks it once where one approves, and again when it ended without a call', async () => {
    const two = await replicas('erin', 1);
    const { users } = two[0];
    const { made, refused } = await sixAtOnce(two, 'erin');
    expect(made).toHaveLength(1);
    expect(refused).toHaveLength(5);
    const [first] = made as [ChangeView];
    expect(await codeOf(post(users.erin, await testbed.certificate(), randomUUID(), glass))).toBe(
      'review_owed',
    );
    await users.erin.post(`/v1/changes/${first.id}/withdrawal`, { comment: 'a false alarm' });
    await changeThat(users.erin, first.id, (c) => c.closedAt !== null);
    const again = await sixAtOnce(two, 'erin');
    expect(again.made).toHaveLength(1);
  });
});
