import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { policyExplanationSchema } from '../../api/answer-schemas.ts';
import type { PolicyExplanationAnswer } from '../../api/answer-schemas.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { isoTime } from '../../domain/time.ts';
import { directoryFrom } from '../../policies/directory.ts';
import type { PolicyRule } from '../../policies/match.ts';
import { insertPolicyRevocation } from '../../store/insert-policy-revocation.ts';
import { activeCaCertificate } from '../../operations/active-ca-certificate.ts';
import { honest } from '../support/honest.ts';
import { replicaOfTest, startApiStack } from './api-stack.ts';
import type { Answer, ApiStack, Sent } from './api-stack.ts';

/* What `POST /v1/policy-explanations` says of a change is what `POST /v1/changes` comes to. */

let stack: ApiStack;
const hour = 3_600_000;
const named = (name: string, more: Partial<PinnedPolicy>) => honest({ ...fourEyes, name, ...more });
const inputOf = (mqttInstanceId: string, sn: string = randomUUID()) => ({
  regionId: 'cn-hangzhou',
  mqttInstanceId,
  sn,
});
const asked = (instance: string, more: object = {}) => ({
  operation: 'ActiveCaCertificate',
  input: inputOf(instance),
  ...more,
});

beforeAll(async () => {
  const holder: { rules: PolicyRule[] } = { rules: [] };
  const people = new Map<string, { issuer: string; subject: string }[]>();
  stack = await startApiStack({
    policies: {
      current: () => ({ ...holder, directory: directoryFrom(Object.fromEntries(people)) }),
    },
    calendar: [
      {
        ...{ id: 'year-end', operation: null, scope: { mqttInstanceId: 'post-frozen' }, reason: 'the books' },
        ...{ startsAt: isoTime(Date.now() - hour), endsAt: isoTime(Date.now() + hour) },
        ...{ declaredBy: null, declaredAt: null, liftedBy: null, liftedAt: null },
      },
    ],
  });
  const { issuer } = stack.testbed.identity;
  const of = (...subjects: string[]) => subjects.map((subject) => ({ issuer, subject }));
  people.set('board', of('alice', 'carol', 'frank'));
  const rule = (policy: PinnedPolicy): PolicyRule => ({
    policy,
    match: { scope: { mqttInstanceId: [`post-${policy.name}`] } },
  });
  const oneOf = (group: string): PinnedPolicy['stages'] => [
    { name: 'one', groups: [{ group, threshold: 1 }] },
  ];
  holder.rules = [
    rule(named('revoked', {})),
    rule(
      named('boarded', {
        stages: oneOf('board'),
        groups: { board: { source: 'directory' } },
        authentication: { methods: ['mfa'] },
        ticket: {
          ...{ system: 'jira', required: true, projects: null, types: null, states: null },
          ...{ sameTarget: null, window: null, approved: false },
        },
      }),
    ),
    rule(
      named('alone', {
        stages: oneOf('self'),
        groups: { self: { source: 'members', members: of('alice') } },
      }),
    ),
    rule(
      named('glass', {
        breakGlass: { groups: ['emergency'], approvals: 0, reasons: ['outage'] },
        groups: { emergency: { source: 'members', members: of('alice') } },
      }),
    ),
    rule(
      named('frozen', {
        windows: [{ cron: '0 0 1 1 *', durationMinutes: 1, timeZone: 'UTC', holidays: [] }],
      }),
    ),
    rule(fourEyes),
  ];
  const [first] = holder.rules;
  await insertPolicyRevocation(stack.api.pool, {
    ...{ digest: first?.policy.digest ?? '', name: 'revoked', version: '1', comment: 'x' },
    revokedBy: stack.person('adam', 'admin'),
    revokedAt: isoTime(Date.now()),
  });
});
afterAll(() => stack.stop());

const post = (body: unknown, sent: Sent = {}): Promise<Answer> =>
  stack.api.call('/v1/policy-explanations', { body, ...sent });

async function explained(body: unknown, as = 'alice'): Promise<PolicyExplanationAnswer> {
  const answer = await post(body, { as });
  expect(answer).toMatchObject({ status: 200 });
  return policyExplanationSchema.strict().parse(answer.body);
}

test('which policy would hold and why, who may fill its seats, what it asks, and the next window', async () => {
  const found = await explained(asked('post-boarded'));
  expect(found).toMatchObject({
    operation: 'ActiveCaCertificate',
    target: { scope: { mqttInstanceId: 'post-boarded' } },
    breakGlass: false,
    tried: [
      { policy: 'revoked', version: '1', unmet: 'scope.mqttInstanceId' },
      { policy: 'boarded', unmet: null },
    ],
    policy: { name: 'boarded', authentication: { methods: ['mfa'] }, ticket: { system: 'jira' } },
    stages: [
      {
        stage: 'one',
        // Not alice, who asks.
        seats: [{ group: 'board', threshold: 1, people: [{ subject: 'carol' }, { subject: 'frank' }] }],
      },
    ],
    verdict: 'satisfiable',
    mayBreakGlass: null,
    window: null,
    freezes: [],
    refusal: null,
  });
  expect(Math.abs(Date.parse(found.at) - Date.now())).toBeLessThan(60_000);
  const frozen = await explained(asked('post-frozen'));
  expect(frozen.window).toMatchObject({ open: false, problem: null });
  expect(frozen.window?.changes).toMatch(/^\d{4}-01-01T00:00:00.000Z$/);
  expect(frozen.freezes).toMatchObject([{ id: 'year-end', reason: 'the books', inForce: true }]);
});

test('freezes that begin later are told, too; those that are over or hold other targets are not', async () => {
  const at = (hours: number) => isoTime(Date.now() + hours * hour);
  const declare = (body: object) => stack.api.call('/v1/freezes', { as: 'adam', body });
  const instance = 'post-four-eyes';
  const later = await declare({
    reason: 'sale',
    mqttInstanceId: 'post-four-*',
    startsAt: at(24),
    endsAt: at(48),
  });
  await declare({ reason: 'other', mqttInstanceId: 'post-other', endsAt: at(48) });
  await declare({ reason: 'far', startsAt: at(24 * 70), endsAt: at(24 * 71) });
  const lifted = await declare({ reason: 'lifted' });
  await stack.api.call(`/v1/freezes/${lifted.body['id'] as string}`, { as: 'adam', method: 'DELETE' });
  expect((await explained(asked(instance))).freezes).toMatchObject([
    { id: later.body['id'], inForce: false, reason: 'sale' },
  ]);
});

const outage = { breakGlass: true, justification: 'outage of line 4' };
const justified = { justification: 'x' };
test.each<[what: string, as: string, instance: string, more: object, code: string | null]>([
  ['that is open to all', 'alice', 'post-four-eyes', justified, null],
  ['by somebody who may ask for nothing', 'bob', 'post-four-eyes', justified, 'missing_role'],
  ['that no policy is for', 'alice', 'post-of-nobody', justified, 'no_policy'],
  ['under a revoked policy', 'alice', 'post-revoked', justified, 'policy_revoked'],
  ['that only its requester could approve', 'alice', 'post-alone', justified, 'policy_unsatisfiable'],
  ['that breaks no glass', 'alice', 'post-four-eyes', outage, 'break_glass_not_allowed'],
  ['by somebody who may not break it', 'erin', 'post-glass', outage, 'break_glass_not_allowed'],
  ['for another reason', 'alice', 'post-glass', { ...outage, justification: 'x' }, 'break_glass_not_allowed'],
  ['for one of the reasons', 'alice', 'post-glass', outage, null],
])('what the submission of a change %s is refused with', async (_what, as, instance, more, code) => {
  const body = asked(instance, more);
  const { refusal } = await explained(body, as);
  expect(refusal?.code ?? null).toBe(code);
  const submitted = await stack.api.call('/v1/changes', { as, body });
  // No worker is here to open it.
  expect(submitted.body.code).toBe(code ?? 'engine_unavailable');
});

test('a break-glass without a justification yet is asked as if it had a good one', async () => {
  const found = await explained(asked('post-glass', { breakGlass: true }));
  expect(found).toMatchObject({
    breakGlass: true,
    mayBreakGlass: true,
    verdict: 'satisfiable',
    refusal: null,
  });
});

test('an open change on the target is in the way, unless the glass is broken for it', async () => {
  const ofGlass = asked('post-glass', justified);
  const { policy } = await explained(ofGlass);
  const held = await stack.stored({
    input: ofGlass.input,
    target: activeCaCertificate.target(ofGlass.input),
    policy: policy as PinnedPolicy,
  });
  const refusalOf = async (more: object) => (await explained({ ...ofGlass, ...more })).refusal;
  expect(await refusalOf({})).toMatchObject({ code: 'open_change_exists', changeId: held.id });
  expect(await refusalOf(outage)).toBeNull();
  await stack.worker.query(
    `insert into countersign.attempt
       (change_id, ordinal, target, activity_id, activity_attempt, started_at, sent_at)
     values ($1, 1, 't', 'r/1', 1, now(), now())`,
    [held.id],
  );
  expect(await refusalOf(outage)).toMatchObject({ code: 'call_started', changeId: held.id });
  // Who could not ask for it learns nothing of it.
  expect((await explained(ofGlass, 'dave')).refusal).toMatchObject({ code: 'missing_role', changeId: null });
});

test.each([
  [{}, ['operation', 'input']],
  [asked('post-four-eyes', { operation: 'Other' }), ['operation']],
  [
    asked('post-four-eyes', { input: { regionId: 'cn-hangzhou', sn: 7 } }),
    ['input.mqttInstanceId', 'input.sn'],
  ],
  [asked('post-four-eyes', { ticket: {} }), ['ticket']],
  [asked('post-four-eyes', { requester: 'bob' }), ['requester']],
])('%j is refused by its fields', async (body, fields) => {
  const { status, body: problem } = await post(body);
  expect(status).toBe(400);
  expect(problem.errors?.map(({ field }) => field).sort()).toEqual(fields.sort());
});

test('another region than the one that is served is refused', async () => {
  const body = asked('x', { input: { ...inputOf('x'), regionId: 'cn-shanghai' } });
  expect(await post(body)).toMatchObject({ status: 400, body: { code: 'region_not_served' } });
});

test('nothing is written, and who asks often can write all the same', async () => {
  const api = await replicaOfTest(stack, { writesPerMinute: 2, explanationsPerMinute: 4 });
  const before = await stack.entries();
  const statuses: number[] = [];
  for (let n = 0; n < 6; n += 1) {
    statuses.push((await api.call('/v1/policy-explanations', { body: asked('post-four-eyes') })).status);
  }
  expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
  expect(await stack.entries()).toEqual(before);
  expect((await api.call('/v1/changes', { body: {} })).status).toBe(400);
  expect(
    (await api.call('/v1/policy-explanations', { as: 'bob', body: asked('post-four-eyes') })).status,
  ).toBe(200);
});
