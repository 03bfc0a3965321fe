import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiClient } from '../../client/api-client.ts';
import { fetchDemoToken } from '../../embedded/identity-provider.ts';
import { directoryFrom } from '../../policies/directory.ts';
import type { PersonId } from '../../domain/person.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { stateQuery } from '../../workflows/messages.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { codeOf, decide, entriesOf, inMs, stepsOf, post } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { policyWith } from '../support/policy.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;
/** What else is to be stopped. */
const apis: Awaited<ReturnType<typeof startApi>>[] = [];

/** Who is in which group of the directory now, as API and worker read it. */
let directory = directoryFrom({});
const groupsIn = (person: PersonId) => directory.groupsIn(person);
const plant = (...subjects: string[]) =>
  directoryFrom({ plant: subjects.map((subject) => ({ issuer: testbed.identity.issuer, subject })) });

/** An API under a policy of its own, the steps of a change there, and its demo users. */
async function under(changed: Partial<PinnedPolicy>) {
  const own = await startApi(testbed, {
    policies: {
      current: () => ({
        rules: [{ policy: policyWith(changed), match: {} }],
        directory,
      }),
    },
  });
  apis.push(own);
  return { ...stepsOf(own), users: own.users, url: own.url };
}

/** Keeps a precheck from being told to its workflow while it is pending. */
let held: Promise<void> | undefined;

const typesOf = async (id: string) => (await entriesOf(api.users.dave, id)).map((e) => e.type);

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers] = await Promise.all([
    startApi(testbed),
    startWorkers(testbed, { groupsIn, at: (point) => (point === 'prechecked' ? held : undefined) }),
  ]);
  steps = stepsOf(api);
});
afterAll(async () => {
  expect(await findingsInLog(testbed)).toEqual([]);
  expect(await replayAll(testbed)).toBeGreaterThan(1);
  await workers.stop();
  await Promise.all([api, ...apis].map((one) => one.stop()));
  await testbed.stop();
});

test('a policy that asks for a second factor refuses a login without and takes one with it', async () => {
  const { users, asked, ended, url } = await under({
    name: 'strong',
    authentication: { methods: ['mfa'], maxAgeSeconds: 300 },
  });
  const change = await asked(await testbed.certificate());
  expect(await codeOf(decide(users.frank, change))).toBe('stronger_authentication_needed');
  const { issuer } = testbed.identity;
  const strong = apiClient(url, await fetchDemoToken(issuer, 'frank', { mfa: true }));
  expect(await decide(strong, change)).toMatchObject({
    decisionStatus: 'approved',
    decisions: [{ person: { subject: 'frank', authentication: { methods: ['demo', 'mfa'] } } }],
  });
  expect((await ended(change.id)).executionStatus).toBe('succeeded');
});

test('a group of any name has its seats, whether a token names it in a list or as one text', async () => {
  const group = 'CN=Ops "a\\\\b",OU={运维},DC=x';
  const { asked, ended, url } = await under({
    name: 'directory names',
    stages: [{ name: 'one', groups: [{ group, threshold: 2 }] }],
    groups: { [group]: { source: 'token' } },
  });
  const change = await asked(await testbed.certificate());
  const member = async (user: string, groups: unknown) =>
    apiClient(url, await testbed.identity.tokenFor(user, { groups }));
  const [bob, carol, other] = await Promise.all([
    member('bob', [group]),
    member('carol', group),
    member('frank', [group.toLowerCase()]),
  ]);
  const awaited = async (by: typeof bob) =>
    (await by.list(new URLSearchParams({ awaiting: 'me' }))).items.map(({ id }) => id);
  expect(await awaited(bob)).toContain(change.id);
  expect(await awaited(carol)).toContain(change.id);
  expect(await awaited(other)).not.toContain(change.id);
  expect(await codeOf(decide(other, change))).not.toBeNull();
  await decide(bob, change);
  await decide(carol, change);
  expect((await ended(change.id)).executionStatus).toBe('succeeded');
});

test('who comes without their groups, because they are too many for a token, is told so', async () => {
  const { asked, url } = await under({
    name: 'overage',
    stages: [{ name: 'one', groups: [{ group: 'operations', threshold: 1 }] }],
    groups: { operations: { source: 'token' } },
  });
  const change = await asked(await testbed.certificate());
  const overage = { groups: undefined, _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } };
  const told = (claims: Record<string, unknown>) =>
    testbed.identity
      .tokenFor('bob', claims)
      .then((token) => decide(apiClient(url, token), change))
      .catch((error: unknown) => (error as Error).message);
  expect(await told(overage)).toContain('your token came without groups');
  expect(await told({ groups: undefined, hasgroups: true })).toContain('your token came without groups');
  expect(await told({ groups: [] })).not.toContain('came without');
  expect(await told({})).toMatchObject({ decisionStatus: 'approved' });
});

test('a decision that comes before the workflow has heard of what it read waits, and counts', async () => {
  let release = (): void => undefined;
  held = new Promise((resolve) => (release = resolve));
  const { users } = await under({ name: 'early' });
  const { id } = await post(users.alice, await testbed.certificate());
  const seen = await changeThat(users.bob, id, (c) => c.digest !== null);
  const deciding = decide(users.bob, seen);
  const handle = testbed.client.workflow.getHandle(workflowIdOf(id));
  // Accepted, and waiting: the workflow itself knows no digest yet.
  await eventually(async () => {
    const { events } = await handle.fetchHistory();
    return events?.some(
      (e) => e.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.name === 'request',
    )
      ? true
      : null;
  });
  expect(await handle.query(stateQuery)).toMatchObject({ digest: null, decisions: [] });
  release();
  held = undefined;
  expect(await deciding).toMatchObject({
    decisionStatus: 'approved',
    decisions: [{ person: { subject: 'bob' } }],
  });
  expect(await changeThat(users.alice, id, (c) => c.closedAt !== null)).toMatchObject({
    executionStatus: 'succeeded',
  });
});

test('a revoked version of a policy ends its open changes as refused, and is recorded once', async () => {
  const [waiting, approved] = await Promise.all([
    steps.asked(await testbed.certificate()),
    steps.approved(await testbed.certificate(), {
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

  expect(await codeOf(steps.asked(await testbed.certificate()))).toBe('policy_revoked');
  const ends = await Promise.all([steps.ended(waiting.id), steps.ended(approved.id)]);
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

describe.concurrent('under a policy of their own', () => {
  test('two groups have to agree, in stages, and a decision is taken back until its stage is full', async () => {
    const { asked, ended, users } = await under({
      name: 'two-stages',
      stages: [
        { name: 'operations', groups: [{ group: 'operations', threshold: 2 }] },
        { name: 'security', groups: [{ group: 'security', threshold: 1 }] },
      ],
      groups: { operations: { source: 'token' }, security: { source: 'token' } },
    });
    const change = await asked(await testbed.certificate());
    expect(await codeOf(decide(users.frank, change))).toBe('not_an_approver');
    expect((await decide(users.bob, change)).missing).toMatchObject([
      { stage: 'operations', seats: 1 },
      { stage: 'security', seats: 1 },
    ]);
    const path = `/v1/changes/${change.id}/decisions`;
    expect(await codeOf(users.carol.delete(path))).toBe('nothing_decided');
    const without = await users.bob.delete<typeof change>(path);
    expect(without.missing).toMatchObject([{ seats: 2 }, { seats: 1 }]);
    expect(without.decisions).toMatchObject([{ counts: false }]);

    await decide(users.bob, change);
    await decide(users.carol, change);
    expect(await codeOf(users.carol.delete(path))).toBe('stage_resolved');
    expect(await decide(users.frank, change)).toMatchObject({ decisionStatus: 'approved' });
    expect(await ended(change.id)).toMatchObject({ executionStatus: 'succeeded', reviewStatus: 'none' });
    const approval = (await entriesOf(users.dave, change.id)).find((e) => e.type === 'decision.approved');
    expect(approval).toMatchObject({ snapshot: change.snapshot, input: change.input, digest: change.digest });
    expect((await typesOf(change.id)).filter((type) => type.startsWith('decision.'))).toEqual([
      'decision.refused',
      'decision.approved',
      'decision.refused',
      'decision.withdrawn',
      'decision.approved',
      'decision.approved',
      'decision.refused',
      'decision.approved',
    ]);
  });

  test('a standard change runs without a person, and its log says so', async () => {
    const { ended, users } = await under({ name: 'standard', standard: true, stages: [] });
    const sn = await testbed.certificate();
    const { id } = await post(users.alice, sn);
    expect(await ended(id)).toMatchObject({
      decisionStatus: 'approved',
      executionStatus: 'succeeded',
      decisions: [],
    });
    expect(await testbed.calls(sn)).toHaveLength(1);
    const entries = await entriesOf(users.dave, id);
    expect(entries.find((e) => e.type === 'change.scheduled')).toMatchObject({
      standard: true,
      actor: { process: 'worker' },
    });
  });

  test('a break-glass change runs at once, owes a review by somebody else, and takes over an ordinary change', async () => {
    const alice = { issuer: testbed.identity.issuer, subject: 'alice' };
    const { asked, ended, users } = await under({
      name: 'emergency',
      breakGlass: { groups: ['on-call'], approvals: 0, reasons: ['outage'] },
      groups: { 'on-call': { source: 'members', members: [alice] } },
    });
    const sn = await testbed.certificate();
    const ordinary = await asked(sn);
    const glass = { breakGlass: true, justification: 'Outage of line 4' };
    expect(await codeOf(post(users.erin, sn, randomUUID(), glass))).toBe('break_glass_not_allowed');
    expect(await codeOf(post(users.alice, sn, randomUUID(), { breakGlass: true }))).toBe(
      'break_glass_not_allowed',
    );

    const { id } = await post(users.alice, sn, randomUUID(), glass);
    expect(await ended(ordinary.id)).toMatchObject({
      decisionStatus: 'withdrawn',
      outcome: { code: 'taken_over' },
    });
    expect(await ended(id)).toMatchObject({ executionStatus: 'succeeded', reviewStatus: 'owed' });
    const entries = await entriesOf(users.dave, id);
    expect(entries.find((e) => e.type === 'change.scheduled')).toMatchObject({
      breakGlass: true,
      skipped: [{ stage: 'approval', group: null, seats: 1 }],
    });

    expect(await codeOf(post(users.alice, await testbed.certificate(), randomUUID(), glass))).toBe(
      'review_owed',
    );
    const review = (by: typeof users.dave) =>
      by.post(`/v1/changes/${id}/review`, { comment: 'the outage was real' });
    expect(await codeOf(review(users.alice))).toBe('missing_role');
    const [first, second] = await Promise.all([codeOf(review(users.dave)), codeOf(review(users.olga))]);
    expect([first, second].sort()).toEqual(['already_reviewed', null]);
    expect(await users.alice.change(id)).toMatchObject({ reviewStatus: 'signed' });
    expect((await typesOf(id)).slice(-3)).toContain('review.signed');
    expect(await codeOf(post(users.alice, await testbed.certificate(), randomUUID(), glass))).toBe(null);
  });

  test('a break-glass change that asks for one approval takes any one of those who would be asked', async () => {
    const erin = { issuer: testbed.identity.issuer, subject: 'erin' };
    const { users } = await under({
      name: 'emergency-of-two',
      stages: [
        { name: 'operations', groups: [{ group: 'operations', threshold: 2 }] },
        { name: 'security', groups: [{ group: 'security', threshold: 1 }] },
      ],
      breakGlass: { groups: ['on-call'], approvals: 1 },
      groups: {
        operations: { source: 'token' },
        security: { source: 'token' },
        'on-call': { source: 'members', members: [erin] },
      },
    });
    const { id } = await post(users.erin, await testbed.certificate(), randomUUID(), { breakGlass: true });
    const change = await changeThat(users.erin, id, (c) => c.digest !== null);
    expect(change).toMatchObject({ decisionStatus: 'pending', missing: [{ seats: 1 }] });
    await decide(users.frank, change);
    expect(await changeThat(users.erin, id, (c) => c.closedAt !== null)).toMatchObject({
      executionStatus: 'succeeded',
      reviewStatus: 'owed',
    });
    // Who approved is not who looks back.
    expect(await codeOf(users.frank.post(`/v1/changes/${change.id}/review`, { comment: 'mine' }))).toBe(
      'self_review',
    );
    expect(await users.bob.post(`/v1/changes/${change.id}/review`, { comment: 'fine' })).toMatchObject({
      reviewStatus: 'signed',
    });
  });

  test('when nobody decides, the escalation group may, and the threshold stays', async () => {
    const { asked, ended, users } = await under({
      name: 'escalating',
      stages: [{ name: 'operations', groups: [{ group: 'operations', threshold: 2 }] }],
      remindersMs: [500],
      escalation: { afterMs: 10_000, group: 'security' },
      groups: { operations: { source: 'token' }, security: { source: 'token' } },
    });
    const change = await asked(await testbed.certificate());
    expect(await codeOf(decide(users.frank, change))).toBe('not_an_approver');
    const escalated = await changeThat(users.alice, change.id, (c) => c.escalatedAt !== null);
    expect(escalated.missing).toMatchObject([{ group: 'operations', seats: 2, alsoFrom: ['security'] }]);
    expect((await decide(users.frank, change)).missing).toMatchObject([{ seats: 1 }]);
    expect(await decide(users.bob, change)).toMatchObject({ decisionStatus: 'approved' });
    expect(await ended(change.id)).toMatchObject({ executionStatus: 'succeeded' });
    const entries = await entriesOf(users.dave, change.id);
    expect(entries.find((e) => e.type === 'change.escalated')).toMatchObject({ group: 'security' });
  });

  test('an advisory precheck shows what is against the target and leaves it to the approvers', async () => {
    const { asked, ended, users } = await under({ name: 'advisory', precheck: 'advisory' });
    const change = await asked(await testbed.certificate({ status: '1' }));
    const entries = await entriesOf(users.dave, change.id);
    expect(entries.find((e) => e.type === 'change.prechecked')).toMatchObject({
      warning: { code: 'already_active' },
    });
    await decide(users.bob, change);
    expect(await ended(change.id)).toMatchObject({
      decisionStatus: 'approved',
      executionStatus: 'succeeded',
    });
  });

  test('who has left the directory before the call is replaced by others; the threshold stays', async () => {
    directory = plant('bob', 'carol', 'frank');
    const { asked, ended, users } = await under({
      name: 'directory',
      stages: [{ name: 'plant', groups: [{ group: 'plant', threshold: 2 }] }],
      groups: { plant: { source: 'directory' } },
    });
    const sn = await testbed.certificate();
    // Later than two decisions take.
    const change = await asked(sn, { executeAfter: inMs(15_000) });
    await decide(users.bob, change);
    expect(await decide(users.carol, change)).toMatchObject({ decisionStatus: 'approved' });
    directory = plant('bob', 'frank');
    const waiting = await changeThat(users.alice, change.id, (c) => c.decisions.some((d) => !d.counts));
    expect(waiting).toMatchObject({
      decisionStatus: 'pending',
      executionStatus: 'not_started',
      digest: change.digest,
      round: 1,
      missing: [{ group: 'plant', seats: 1 }],
    });
    expect(await testbed.calls(sn)).toEqual([]);
    expect(await codeOf(decide(users.carol, change))).toBe('not_an_approver');
    await decide(users.frank, change);
    expect(await ended(change.id)).toMatchObject({ executionStatus: 'succeeded' });
    const entries = await entriesOf(users.dave, change.id);
    expect(entries.find((e) => e.type === 'decision.lapsed')).toMatchObject({
      lapsed: [{ subject: 'carol' }],
      missing: [{ group: 'plant', seats: 1 }],
    });
  });
});
