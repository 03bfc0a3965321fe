import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChangeAnswer } from '../../api/change-answer.ts';
import type { Engine } from '../../api/engine.ts';
import { actions } from '../../domain/actions.ts';
import type { Action, Permission } from '../../domain/actions.ts';
import { mayHaveBeenSent } from '../../domain/attempt.ts';
import type { Change } from '../../domain/change.ts';
import { decide } from '../../domain/decide.ts';
import type { Command } from '../../domain/decide.ts';
import { digestTextOf } from '../../domain/digest.ts';
import { endOfSuccess, endWithoutCall } from '../../domain/end.ts';
import type { ErrorCode } from '../../domain/error.ts';
import { evolve } from '../../domain/evolve.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { phaseOf } from '../../domain/lifecycle.ts';
import type { Person } from '../../domain/person.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { newStatement } from '../../domain/statement.ts';
import { isoTime } from '../../domain/time.ts';
import { getChange } from '../../store/get-change.ts';
import { insertPolicyRevocation } from '../../store/insert-policy-revocation.ts';
import { listAttempts } from '../../store/list-attempts.ts';
import { saveChange } from '../../store/save-change.ts';
import { makePool } from '../../store/pool.ts';
import { honest, sha256 } from '../support/honest.ts';
import { replicaOfTest, startApiStack, startReplica } from './api-stack.ts';
import type { ApiStack, Replica, Sent } from './api-stack.ts';

/*
 * What `actions` of a change says is what the call answers: random changes, as the machine makes them, and people of every
 * kind, each asked first and then taken at their word.
 */

let stack: ApiStack;
let api: Replica;
/** A freeze that is over. */
let lifted: string;
const tokens = new Map<string, string>();
const minute = 60_000;

beforeAll(async () => {
  stack = await startApiStack();
  api = await startReplica(stack.testbed, { engine: asWorkflow() });
  const { identity } = stack.testbed;
  const mfa = { amr: ['mfa'], auth_time: Math.floor(Date.now() / 1000) };
  const everything = ['requester', 'approver', 'auditor', 'operator'];
  const people: [string, string, Record<string, unknown>][] = [
    ['alice', 'alice', {}],
    ['alice, who may do everything', 'alice', { roles: everything, ...mfa }],
    ['bob', 'bob', {}],
    ['bob with a second factor', 'bob', mfa],
    ['carol', 'carol', mfa],
    ['frank', 'frank', mfa],
    ['dave', 'dave', {}],
    ['olga', 'olga', {}],
    ['oscar, another operator', 'olga', { sub: 'oscar' }],
    ['nora, who approves and operates', 'olga', { sub: 'nora', roles: everything.slice(1), ...mfa }],
    ['adam', 'adam', {}],
  ];
  for (const [who, user, claims] of people) tokens.set(who, await identity.tokenFor(user, claims));
  const machine = await api.call('/v1/tokens', {
    as: 'adam',
    body: { name: 'm', scopes: ['audit:read'], expiresAt: isoTime(Date.now() + 60 * minute) },
  });
  tokens.set('a machine', machine.body['secret'] as string);
  lifted = await declare({});
  await api.call(`/v1/freezes/${lifted}`, { as: 'adam', method: 'DELETE' });
});
afterAll(async () => {
  await api.stop();
  await stack.stop();
});

/** Declares a freeze. @returns its id */
async function declare(scope: Record<string, string>): Promise<string> {
  const { body } = await api.call('/v1/freezes', {
    as: 'adam',
    body: { reason: 'the line is moved', scope },
  });
  return body['id'] as string;
}

/** Hears words as the workflow does, by the machine itself: thousands of words would take Temporal minutes. */
function asWorkflow(): Engine {
  return {
    submit: () => Promise.resolve(),
    reachable: () => Promise.resolve(true),
    async send(request) {
      const { changeId } = request.signed.statement;
      const change = await getChange(stack.worker, changeId);
      if (!change) throw new Error('there is no such change');
      const called = (await listAttempts(stack.worker, changeId)).some(mayHaveBeenSent);
      const verdict = decide(change, { kind: 'request', request }, { now: Date.now(), called });
      if ('refusal' in verdict) throw verdict.refusal;
      await saveChange(stack.worker, verdict.events.reduce(evolve, change));
    },
  };
}

/** What happens to a change before anybody is asked. */
const happenings = [
  'show',
  'approve by bob',
  'approve by carol',
  'approve by frank',
  'reject by carol',
  'take back by bob',
  'escalate',
  'expire',
  'drift',
  'begin',
  'send',
  'succeed',
  'fail',
  'pause',
  'cancel',
  'close',
] as const;
type Happening = (typeof happenings)[number];
const usual = ['show', 'approve by bob', 'approve by frank', 'begin', 'send', 'succeed', 'close'] as const;

const cases = fc.record({
  stages: fc.constantFrom<PinnedPolicy['stages']>(
    fourEyes.stages,
    [{ name: 'one', groups: [{ group: 'operations', threshold: 1 }] }],
    [
      { name: 'one', groups: [{ group: 'operations', threshold: 1 }] },
      { name: 'two', groups: [{ group: 'security', threshold: 1 }] },
    ],
    [{ name: 'both', groups: [{ group: 'operations', threshold: 2 }] }],
  ),
  mfa: fc.boolean(),
  glass: fc.constantFrom(false, false, true),
  reject: fc.constantFrom<PinnedPolicy['reject']>({ kind: 'any' }, { kind: 'count', count: 2 }),
  comment: fc.constantFrom<PinnedPolicy['commentRequired']>('never', 'always'),
  delegated: fc.constantFrom(false, false, true),
  late: fc.constantFrom(false, false, false, false, true),
  revoked: fc.constantFrom(false, false, false, false, false, true),
  // A way that leads somewhere, and what comes between.
  usual: fc.integer({ min: 0, max: usual.length }),
  then: fc.array(fc.constantFrom(...happenings), { maxLength: 4 }),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

const plain: Case = {
  ...{
    stages: fourEyes.stages,
    mfa: false,
    glass: false,

    reject: { kind: 'any' },
    comment: 'never',
  },
  ...{ delegated: false, late: false, revoked: false, usual: 0, then: [] },
};
/** What random ones seldom come to: a decision whose stage is open, and what owes a review. */
const rare: readonly Case[] = [
  { ...plain, stages: [{ name: 'both', groups: [{ group: 'operations', threshold: 2 }] }], usual: 2 },
  { ...plain, stages: [{ name: 'both', groups: [{ group: 'operations', threshold: 2 }] }], usual: 2 },
  { ...plain, glass: true, usual: 7 },
  { ...plain, glass: true, usual: 7 },
  { ...plain, mfa: true, usual: 1 },
  { ...plain, usual: 3 },
  { ...plain, usual: 5 },
];

/** An attempt, as far as the rules look at it. */
interface Tried {
  ordinal: number;
  sent: boolean;
  outcome: 'open' | 'succeeded' | 'failed';
}

function personOf(subject: string): Person {
  const groups = subject === 'frank' ? ['security'] : ['operations'];
  const at = isoTime(Date.now() - minute);
  return { ...stack.person(subject, 'approver'), groups, authentication: { methods: ['mfa'], at } };
}

/** A change as the machine makes it, with its attempts. */
async function made(
  one: Case,
  n: number,
  freezeOverride: PinnedPolicy['freezeOverride'] = null,
): Promise<Change> {
  const idOf = (subject: string) => ({ issuer: stack.testbed.identity.issuer, subject });
  const now = Date.now() - 2 * minute;
  const groups = { operations: { source: 'token' }, security: { source: 'token' } } as const;
  const policy = honest({
    ...fourEyes,
    name: `p-${n}`,
    stages: one.stages,
    reject: one.reject,
    commentRequired: one.comment,
    authentication: one.mfa ? { methods: ['mfa'] } : null,
    freezeOverride,
    escalation: { afterMs: minute, group: 'security' },
    breakGlass: { groups: ['operations'], approvals: 1 },
    delegations: one.delegated
      ? [
          {
            from: idOf('alice'),
            to: idOf('bob'),
            since: isoTime(now + minute),
            until: isoTime(now + 99 * minute),
          },
        ]
      : [],
    groups,
  });
  let change = await stack.stored({
    policy,
    // One person breaks one glass at a time.
    requester: stack.person(one.glass ? `glass-${n}` : 'alice', 'requester'),
    breakGlass: one.glass,
    submittedAt: isoTime(now - minute),
    decideBy: isoTime(Date.now() + (one.late ? -1000 : 60 * minute)),
    digest: null,
    round: 0,
  });
  const attempts: Tried[] = [];
  for (const what of [...usual.slice(0, one.usual), ...one.then]) {
    const command = commandOf(change, what, attempts, now);
    if (command === null) continue;
    const called = attempts.some(({ sent }) => sent);
    const verdict = decide(change, command, { now, called });
    if ('refusal' in verdict) continue;
    if (command.kind === 'begin' && verdict.events.length > 0)
      attempts.push({ ordinal: command.ordinal, sent: false, outcome: 'open' });
    change = verdict.events.reduce(evolve, change);
  }
  await saveChange(stack.worker, { ...change, version: change.version + 1 });
  for (const { ordinal, sent, outcome } of attempts) {
    await stack.worker.query(
      `insert into countersign.attempt
         (change_id, ordinal, target, activity_id, activity_attempt, started_at, sent_at, ended_at, outcome)
       values ($1, $2, $3, $4, 1, now(), $5, $6, $7)`,
      [
        ...[change.id, ordinal, change.target.id, `r/${ordinal}`],
        ...[sent ? new Date() : null, outcome === 'open' ? null : new Date(), outcome],
      ],
    );
  }
  if (one.revoked) {
    const { digest, name, version } = policy;
    const revokedBy = stack.person('adam', 'admin');
    const revocation = { digest, name, version, comment: 'x', revokedBy, revokedAt: isoTime(now) };
    await insertPolicyRevocation(api.pool, revocation);
  }
  return change;
}

function commandOf(change: Change, what: Happening, attempts: Tried[], now: number): Command | null {
  const said = (person: Person, act: Parameters<typeof newStatement>[0]): Command => {
    const statement = newStatement(act, change, person, isoTime(now));
    return { kind: 'request', request: { signed: { statement, keyId: '', signature: '' }, source: null } };
  };
  const open = attempts.find(({ outcome }) => outcome === 'open');
  const [word, , who = ''] = what.split(' ');
  switch (what) {
    case 'show': {
      const snapshot = { status: 'inactive' };
      const digest = sha256(digestTextOf(change, snapshot, change.round + 1));
      return { kind: 'show', snapshot, digest, readRequestId: null, warning: null };
    }
    case 'approve by bob':
    case 'approve by carol':
    case 'approve by frank':
    case 'reject by carol': {
      const action = word === 'reject' ? 'reject' : 'approve';
      return said(personOf(who), { kind: 'decision', action, digest: change.digest, comment: 'c' });
    }
    case 'take back by bob':
      return said(personOf('bob'), { kind: 'decision_withdrawal', action: 'withdraw', comment: '' });
    case 'escalate':
    case 'expire':
      return { kind: what };
    case 'drift':
      return open ? null : { kind: 'drift', message: '', called: attempts.some(({ sent }) => sent) };
    case 'begin':
      return open ? null : { kind: 'begin', ordinal: attempts.length + 1 };
    case 'send':
      if (open) open.sent = true;
      return null;
    case 'succeed':
    case 'fail': {
      if (!open?.sent) return null;
      open.outcome = what === 'succeed' ? 'succeeded' : 'failed';
      const sentAt = isoTime(now);
      const none = { class: null, httpStatus: null, code: 'c', message: null, requestId: null };
      return { kind: 'answer', outcome: open.outcome, attempt: { ordinal: open.ordinal, sentAt, ...none } };
    }
    case 'pause':
      return { kind: 'rest' };
    case 'cancel':
      return { kind: 'cancel', code: 'workflow_cancelled', host: null };
    case 'close': {
      // People are still asked: only the workflow of a decided change closes it.
      if (open || ['reading', 'deciding'].includes(phaseOf(change))) return null;
      const isDone = attempts.some(({ outcome }) => outcome === 'succeeded');
      const end = isDone ? endOfSuccess(null, false) : endWithoutCall(change, { code: 'c', message: '' });
      return { kind: 'close', end };
    }
  }
}

const calls: Record<Action, (change: ChangeAnswer, digest: string) => readonly [path: string, sent: Sent]> = {
  approve: ({ id }, digest) => [`/v1/changes/${id}/decisions`, decision('approve', digest)],
  reject: ({ id }, digest) => [`/v1/changes/${id}/decisions`, decision('reject', digest)],
  takeBack: ({ id }) => [`/v1/changes/${id}/decisions`, { method: 'DELETE' }],
  withdraw: ({ id }) => [`/v1/changes/${id}/withdrawal`, { body: { comment: 'x' } }],
  pause: ({ id }) => execution(id, 'pause'),
  resume: ({ id }) => execution(id, 'resume'),
  retry: ({ id }) => execution(id, 'retry'),
  abandon: ({ id }) => execution(id, 'abandon'),
  review: ({ id }) => [`/v1/changes/${id}/review`, { body: { comment: 'x' } }],
  // Where no freeze holds it, there is only one to name that is over.
  overrideFreeze: ({ id, waitsFor }, digest) => [
    `/v1/freezes/${waitsFor?.freezeId ?? lifted}/overrides`,
    { body: { changeId: id, digest, comment: 'x' } },
  ],
};
const decision = (decision: string, digest: string): Sent => ({
  body: { decision, digest, comment: 'seen' },
});
const execution = (id: string, action: string) =>
  [`/v1/changes/${id}/execution`, { body: { action, comment: 'x' } }] as const;

/** What the call answers, in the words of `actions`. */
async function called(by: Replica, change: ChangeAnswer, action: Action, token: string): Promise<Permission> {
  const before = await traces(change.id);
  const [path, sent] = calls[action](change, change.digest ?? 'f'.repeat(64));
  const { status, body } = await by.call(path, { ...sent, token });
  if (status >= 400) return { allowed: false, code: body.code as ErrorCode };
  return (await traces(change.id)) === before ? { allowed: true, repeated: true } : { allowed: true };
}

/** What a word leaves when it is new: another version of the change, or an entry of its own. */
async function traces(id: string): Promise<string> {
  const { rows } = await stack.worker.query<{ traces: string }>(
    `select concat_ws(' ', c.version, (select count(*) from audit.entry
              where change_id = c.id and type in ('stop.requested', 'stop.lifted', 'freeze.overridden'))) as traces
       from (select id, version from countersign.change where id = $1) c`,
    [id],
  );
  return rows[0]?.traces ?? '';
}

async function shown(by: Replica, id: string, token: string) {
  const { status, body } = await by.call(`/v1/changes/${id}`, { token });
  return { status, change: body as unknown as ChangeAnswer };
}

/** What people say of a change; to let it run in a freeze is said of the freeze, too. */
const words = actions.filter((action) => action !== 'overrideFreeze');

test('over random changes, people and words, the call answers what `actions` has said', async () => {
  const changes: string[] = [];
  const random = fc.sample(cases, { numRuns: 60, seed: 20261129 });
  for (const [n, one] of [...rare, ...random].entries()) changes.push((await made(one, n)).id);
  const turns = fc.sample(
    fc.record({
      id: fc.constantFrom(...changes, ...changes.slice(0, rare.length), ...changes.slice(0, rare.length)),
      who: fc.constantFrom(...tokens.keys()),
      wanted: fc.constantFrom(...words),
      // Most are refused: each second one is something that is allowed, where anything is.
      among: fc.option(fc.nat(), { freq: 2 }),
    }),
    { numRuns: 2000, seed: 13 },
  );
  const seen = new Set<string>();
  // Before anybody has decided.
  const first = {
    id: changes[rare.findIndex(({ mfa }) => mfa)] ?? '',
    who: 'bob',
    wanted: 'approve',
    among: null,
  } as const;
  for (const [n, { id, who, wanted, among }] of [first, ...turns].entries()) {
    const token = tokens.get(who) ?? '';
    const { status, change } = await shown(api, id, token);
    if (status !== 200) {
      // Who may not read it learns nothing by it.
      expect(JSON.stringify(change)).not.toContain('allowed');
      continue;
    }
    expect(Object.keys(change.actions)).toEqual([...actions]);
    // What ends a change comes later, or little would be left to decide.
    const allowed = words.filter(
      (one) =>
        change.actions[one].allowed && (n > turns.length / 2 || !['withdraw', 'abandon'].includes(one)),
    );
    const action = (among === null ? undefined : allowed[among % allowed.length]) ?? wanted;
    if (n < turns.length / 2 && (action === 'withdraw' || action === 'abandon')) continue;
    const said = change.actions[action];
    const answered = await called(api, change, action, token);
    expect({ id, who, action, ...answered }).toEqual({ id, who, action, ...said });
    seen.add(`${action} ${said.allowed ? (said.repeated ? 'again' : 'allowed') : said.code}`);
  }
  // All of it was tried, or little was compared.
  for (const action of words) {
    expect(seen).toContain(`${action} allowed`);
    expect([...seen].filter((one) => one.startsWith(`${action} `)).length).toBeGreaterThan(2);
  }
  for (const action of ['approve', 'withdraw', 'pause', 'abandon', 'review'] as const) {
    expect(seen).toContain(`${action} again`);
  }
  const codes = new Set([...seen].map((one) => one.split(' ')[1]));
  for (const code of [
    ...['self_approval', 'missing_role', 'already_decided', 'not_awaiting_decision', 'decide_by_passed'],
    ...['not_an_approver', 'stronger_authentication_needed', 'policy_revoked', 'already_stopped'],
    ...['nothing_decided', 'stage_resolved', 'change_closed', 'call_started', 'not_approved', 'not_paused'],
    ...['not_running', 'review_not_owed', 'self_review', 'already_reviewed', 'forbidden'],
  ])
    expect(codes).toContain(code);
});

test('of a change in a freeze, held and not, `actions` says to each what the call that overrides it answers', async () => {
  const seen = new Set<string>();
  for (const [n, { isHeld, ...one }] of [
    { ...plain, usual: 3, isHeld: true },
    { ...plain, usual: 3, isHeld: false },
    { ...plain, usual: 3, mfa: true, isHeld: true },
    { ...plain, usual: 7, isHeld: true },
  ].entries()) {
    const { id, target } = await made(one, 1000 + n, { group: 'operations' });
    if (isHeld) await declare({ sn: target.scope['sn'] ?? '' });
    for (const [who, token] of tokens) {
      const { status, change } = await shown(api, id, token);
      if (status !== 200) continue;
      const said = change.actions.overrideFreeze;
      const answered = await called(api, change, 'overrideFreeze', token);
      expect({ who, n, ...answered }).toEqual({ who, n, ...said });
      seen.add(said.allowed ? 'allowed' : said.code);
    }
  }
  expect([...seen].sort()).toEqual([
    ...['allowed', 'change_closed', 'freeze_ended', 'missing_role', 'not_an_approver', 'self_approval'],
    'stronger_authentication_needed',
  ]);
});

test('on top of a log that is not sealed nothing can be approved, and `actions` says so', async () => {
  const late = await replicaOfTest(stack, { engine: asWorkflow(), unsealedLimitSeconds: -1 });
  const { id } = await stack.stored();
  const token = tokens.get('bob') ?? '';
  const { change } = await shown(late, id, token);
  expect(change.actions.approve).toEqual({ allowed: false, code: 'not_sealed' });
  expect(change.actions.reject).toEqual({ allowed: true });
  expect(await called(late, change, 'approve', token)).toEqual(change.actions.approve);
  expect(await called(late, change, 'reject', token)).toEqual({ allowed: true });
});

test('of a change that differs from its digest, the answer to a word to stop allows only what stops', async () => {
  const { id } = await stack.stored({ decisionStatus: 'approved', executionStatus: 'scheduled' });
  const superuser = makePool({
    connectionString: stack.testbed.database.url('superuser'),
    applicationName: 'test superuser',
  });
  await superuser.query(
    `update countersign.change set document = jsonb_set(document, '{justification}', '"x"') where id = $1`,
    [id],
  );
  await superuser.end();
  const token = tokens.get('nora, who approves and operates') ?? '';
  expect(await shown(api, id, token)).toMatchObject({
    status: 409,
    change: { code: 'stored_change_differs' },
  });
  const answer = await api.call(`/v1/changes/${id}/execution`, {
    token,
    body: { action: 'pause', comment: randomUUID() },
  });
  const { actions: may, digest } = answer.body as unknown as ChangeAnswer;
  const differs = { allowed: false, code: 'stored_change_differs' };
  expect(digest).toBeNull();
  expect(may).toMatchObject({ approve: differs, reject: differs, review: differs });
  expect(may).toMatchObject({
    resume: { allowed: true },
    abandon: { allowed: true },
    withdraw: { allowed: true },
  });
});
