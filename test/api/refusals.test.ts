import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../api/engine.ts';
import { makeRefusalLog, refusalsPerWindow } from '../../api/refusal-log.ts';
import { stranger } from '../../domain/channel.ts';
import type { Change } from '../../domain/change.ts';
import { closed } from '../domain/moves.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { CountersignError } from '../../domain/error.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { makePool } from '../../store/pool.ts';
import { saveChange } from '../../store/save-change.ts';
import { makeApiKey } from '../support/api-key.ts';
import { eventually, submission } from '../support/service.ts';
import { startApiStack, startReplica } from './api-stack.ts';
import type { ApiStack, Sent } from './api-stack.ts';
import { caTarget } from '../support/target.ts';

const { signer } = makeApiKey();
let stack: ApiStack;

beforeAll(async () => {
  stack = await startApiStack();
});

afterAll(() => stack.stop());

async function entriesOf(change: Change | null): Promise<EntryBody[]> {
  return (await stack.entries()).filter(({ changeId }) => changeId === (change?.id ?? null));
}

function decide(change: Change, as: string, more: object = {}, sent: Sent = {}) {
  const body = { decision: 'approve', digest: change.digest, comment: 'secret thoughts', ...more };
  return stack.api.call(`/v1/changes/${change.id}/decisions`, { as, body, ...sent });
}

test('a self-approval is refused and recorded with who, what, where and why', async () => {
  const change = await stack.stored({ requester: stack.person('bob', 'requester', 'approver') });
  const answer = await decide(change, 'bob');
  expect(answer.body).toMatchObject({ status: 403, code: 'self_approval' });
  expect(await entriesOf(change)).toEqual([
    {
      v: 1,
      type: 'decision.refused',
      time: expect.stringMatching(/Z$/) as unknown,
      changeId: change.id,
      actor: expect.objectContaining({
        issuer: stack.testbed.identity.issuer,
        subject: 'bob',
        roles: ['approver'],
      }) as unknown,
      operation: 'ActiveCaCertificate',
      target: change.target.id,
      digest: change.digest,
      round: 1,
      wanted: { kind: 'decision', action: 'approve', digest: change.digest },
      outcome: 'self_approval',
      coalesced: 0,
      source: expect.stringContaining('127.0.0.1') as unknown,
      writer: {
        keyId: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
        signature: expect.any(String) as unknown,
      },
    },
  ]);
});

const twoGroups: PinnedPolicy = {
  ...fourEyes,
  groups: { operations: { source: 'token' }, security: { source: 'token' } },
  stages: [
    { name: 'operations', groups: [{ group: 'operations', threshold: 1 }] },
    { name: 'security', groups: [{ group: 'security', threshold: 1 }] },
  ],
};
const past = '2026-01-01T00:00:00.000Z';

test.each<[string, Partial<Change>, string, object, number, string]>([
  ['a wrong digest', {}, 'bob', { digest: 'e'.repeat(64) }, 412, 'digest_mismatch'],
  ['a missing role', {}, 'dave', {}, 403, 'missing_role'],
  ['one outside of the stage’s group', { policy: twoGroups }, 'frank', {}, 403, 'not_an_approver'],
  ['a late decision', { decideBy: past }, 'bob', {}, 409, 'decide_by_passed'],
  ['a decision on a rejected change', { decisionStatus: 'rejected' }, 'bob', {}, 409, 'already_decided'],
  [
    'a decision before the precheck',
    { digest: null, round: 0 },
    'bob',
    { digest: 'f'.repeat(64) },
    409,
    'not_awaiting_decision',
  ],
])('%s is refused and recorded', async (_name, more, as, wanted, status, code) => {
  const change = await stack.stored(more);
  const answer = await decide(change, as, wanted);
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
  expect(await entriesOf(change)).toMatchObject([{ type: 'decision.refused', outcome: code, coalesced: 0 }]);
});

test('who may not read a change learns nothing of it by deciding', async () => {
  const groups = { security: { source: 'token' } } as const;
  const stages = [{ name: 'security', groups: [{ group: 'security', threshold: 1 }] }];
  for (const more of [{}, { decisionStatus: 'rejected' }, { decideBy: past }] as const) {
    const change = await stack.stored({ policy: { ...fourEyes, groups, stages }, ...more });
    const answer = await decide(change, 'bob', { digest: 'e'.repeat(64) });
    expect(answer).toMatchObject({ status: 403, body: { code: 'not_an_approver' } });
    expect(JSON.stringify(answer.body)).not.toContain(String(change.digest));
  }
});

test('a decision needs a login as strong and recent as the policy asks, and still awaits who lacks it', async () => {
  const policy = { ...fourEyes, authentication: { methods: ['mfa'], maxAgeSeconds: 300 } };
  const change = await stack.stored({ policy });
  const code = async (claims: Record<string, unknown>) => {
    const token = await stack.testbed.identity.tokenFor('bob', claims);
    return (await decide(change, 'bob', {}, { token })).body.code;
  };
  const weak = 'stronger_authentication_needed';
  const seconds = Math.floor(Date.now() / 1000);
  expect(await code({ amr: ['pwd'] })).toBe(weak);
  expect(await code({ amr: ['mfa'], auth_time: seconds - 600 })).toBe(weak);
  expect(await code({ amr: ['mfa'], auth_time: undefined })).toBe(weak);
  const refused = await decide(change, 'bob', {}, { token: await stack.testbed.identity.tokenFor('bob') });
  expect(refused.body).toMatchObject({ status: 403, maxAgeSeconds: 0 });
  expect(refused.headers.get('www-authenticate')).toBe(
    'Bearer realm="countersign", error="insufficient_user_authentication", max_age="0"',
  );
  // Judged good enough: there is only no workflow behind the stored change.
  expect(await code({ amr: ['pwd', 'mfa'], auth_time: seconds - 10 })).toBe('change_closed');
  const view = await stack.api.call(`/v1/changes/${change.id}`, { as: 'bob' });
  expect(view.body).toMatchObject({ awaitingYou: true });
  const entries = await entriesOf(change);
  expect(entries.map(({ outcome }) => outcome)).toEqual([weak, weak, weak, weak, 'change_closed']);
  expect(entries[0]?.actor).toMatchObject({
    authentication: { methods: ['pwd'], at: expect.stringMatching(/Z$/) as unknown },
  });
});

test('a contrary decision is refused, the same one again is not', async () => {
  const change = await stack.stored({ policy: twoGroups });
  const approval = {
    decision: 'approve' as const,
    comment: '',
    person: stack.person('bob', 'approver'),
    digest: change.digest ?? '',
    round: 1,
    stage: 'approval',
    at: past,
    counts: true,
  };
  await saveChange(stack.worker, { ...change, version: 2, decisions: [approval] });
  expect((await decide(change, 'bob')).status).toBe(200);
  expect((await decide(change, 'bob', { decision: 'reject' })).body.code).toBe('already_decided');
  expect(await entriesOf(change)).toHaveLength(1);
});

test('a decision whose change ended on the way is judged by what is stored', async () => {
  const change = await stack.stored();
  const digest = change.digest ?? '';
  const rejection = {
    decision: 'reject' as const,
    comment: '',
    person: stack.person('bob', 'approver'),
    digest,
    round: 1,
    stage: 'approval',
    at: past,
    counts: true,
  };
  const outcome = { code: 'rejected', message: '' };
  const rejected = { ...change, decisions: [rejection], decisionStatus: 'rejected' as const };
  const engine = createEngine(stack.testbed.client, 1500);
  // The real engine finds no workflow: it has ended between the API's look at the change and the update.
  const api = await startReplica(stack.testbed, {
    engine: {
      ...engine,
      async send(request) {
        await saveChange(stack.worker, closed(rejected, { outcome }, Date.now()));
        await engine.send(request);
      },
    },
  });
  onTestFinished(() => api.stop());
  const path = `/v1/changes/${change.id}/decisions`;
  const again = await api.call(path, { as: 'bob', body: { decision: 'reject', digest } });
  expect(again.status).toBe(200);
  expect(again.body).toMatchObject({ decisionStatus: 'rejected', outcome });
  expect(await entriesOf(change)).toEqual([]);

  const open = await stack.stored();
  const late = await startReplica(stack.testbed, {
    engine: {
      ...engine,
      async send(request) {
        await saveChange(
          stack.worker,
          closed({ ...open, decisions: [rejection], decisionStatus: 'rejected' }, { outcome }, Date.now()),
        );
        await engine.send(request);
      },
    },
  });
  onTestFinished(() => late.stop());
  const contrary = await late.call(`/v1/changes/${open.id}/decisions`, {
    as: 'carol',
    body: { decision: 'approve', digest: open.digest },
  });
  expect(contrary.body).toMatchObject({ status: 409, code: 'already_decided' });
  expect(await entriesOf(open)).toMatchObject([{ type: 'decision.refused', outcome: 'already_decided' }]);
});

test('requests on a closed change, and by those who may not, are refused and recorded', async () => {
  const change = await stack.stored();
  const path = `/v1/changes/${change.id}`;
  const codes: unknown[] = [];
  const send = async (call: string, as: string, body: object) => {
    codes.push((await stack.api.call(`${path}/${call}`, { as, body })).body.code);
  };
  await send('withdrawal', 'bob', { comment: '' });
  await send('execution', 'bob', { action: 'pause', comment: 'x' });
  await send('execution', 'olga', { action: 'pause', comment: 'x' });
  const outcome = { code: 'withdrawn', message: '' };
  await saveChange(stack.worker, closed(change, { decisionStatus: 'withdrawn', outcome }, Date.now()));
  await send('withdrawal', 'alice', { comment: '' });
  await send('execution', 'olga', { action: 'abandon', comment: 'x' });
  expect(codes).toEqual(['missing_role', 'missing_role', 'not_approved', 'change_closed', 'change_closed']);
  const entries = await entriesOf(change);
  expect(entries.map(({ outcome: o }) => o)).toEqual(codes);
  expect(new Set(entries.map(({ type }) => type))).toEqual(new Set(['request.refused']));
  // What people write stays out: only that they were refused is kept.
  expect(JSON.stringify(entries)).not.toContain('comment');
});

test('refused submissions are recorded, with no more of the body than a known operation', async () => {
  const refused = async (sent: Sent) => (await stack.api.call('/v1/changes', sent)).body.code;
  const body = submission('SN-secret');
  expect(await refused({ as: 'bob', body })).toBe('missing_role');
  expect(await refused({ as: 'dave', body: { operation: '\ud800\u0000' } })).toBe('missing_role');
  expect(await refused({ as: 'olga', raw: 'null' })).toBe('missing_role');
  expect(await refused({ body: { ...body, breakGlass: true } })).toBe('break_glass_not_allowed');
  expect(await entriesOf(null)).toMatchObject([
    { type: 'request.refused', outcome: 'missing_role', wanted: { operation: 'ActiveCaCertificate' } },
    { outcome: 'missing_role', wanted: { operation: null } },
    { outcome: 'missing_role', wanted: { operation: null } },
    { outcome: 'break_glass_not_allowed' },
  ]);
  expect(JSON.stringify(await entriesOf(null))).not.toContain('SN-secret');

  const holder = await stack.stored({ target: caTarget(body.input) });
  expect(await refused({ body })).toBe('open_change_exists');
  expect(await entriesOf(holder)).toMatchObject([{ type: 'request.refused', outcome: 'open_change_exists' }]);
});

test('a flood of refusals is a few entries, and one at the end that counts the others', async () => {
  const change = await stack.stored();
  const refusals = makeRefusalLog(
    { db: stack.api.pool, signer, namespace: 'test', log: pino({ level: 'silent' }) },
    5_000,
  );
  const of = (code: 'digest_mismatch' | 'self_approval', subject = 'bob') =>
    refusals.record({
      type: 'decision.refused',
      person: stack.person(subject, 'approver'),
      change,
      wanted: {},
      error: new CountersignError(code, ''),
      source: null,
    });
  await Promise.all(Array.from({ length: 40 }, () => of('digest_mismatch')));
  await of('self_approval');
  await of('digest_mismatch', 'carol');
  const coalesced = async () => (await entriesOf(change)).map((entry) => entry.coalesced);
  expect(await coalesced()).toEqual(Array.from({ length: refusalsPerWindow + 2 }, () => 0));
  await eventually(async () => ((await coalesced()).length > refusalsPerWindow + 2 ? true : null));
  expect((await coalesced()).at(-1)).toBe(40 - refusalsPerWindow);
  await of('digest_mismatch');
  expect((await coalesced()).at(-1)).toBe(0);
});

test('strangers of a chat are told together, however many accounts are named', async () => {
  const change = await stack.stored();
  const log = pino({ level: 'silent' });
  const refusals = makeRefusalLog({ db: stack.api.pool, signer, namespace: 'test', log });
  const refuse = (system: string, user: string) =>
    refusals.record({
      type: 'decision.refused',
      person: stranger(system, { team: 'corp', user }),
      change,
      wanted: { kind: 'decision', action: 'approve' },
      error: new CountersignError('account_not_mapped', ''),
      source: null,
    });
  for (let n = 0; n < refusalsPerWindow + 20; n++) await refuse('dingtalk', `made-up-${n}`);
  await refuse('slack', 'U1');
  await refusals.flush();
  const told = (await entriesOf(change)).map(({ coalesced }) => coalesced);
  expect(told).toEqual([...Array.from({ length: refusalsPerWindow + 1 }, () => 0), 20]);
});

test('what a flood only counted is told when the process stops within the minute', async () => {
  const change = await stack.stored();
  const refusals = makeRefusalLog({
    db: stack.api.pool,
    signer,
    namespace: 'test',
    log: pino({ level: 'silent' }),
  });
  const refuse = (n: number) =>
    refusals.record({
      type: 'request.refused',
      person: stack.person('bob', 'approver'),
      change,
      wanted: { n },
      error: new CountersignError('missing_role', ''),
      source: null,
    });
  for (let n = 1; n <= refusalsPerWindow + 3; n++) await refuse(n);
  expect(await entriesOf(change)).toHaveLength(refusalsPerWindow);
  await refusals.flush();
  expect((await entriesOf(change)).at(-1)).toMatchObject({
    coalesced: 3,
    wanted: { n: refusalsPerWindow + 3 },
  });
  await refusals.flush();
  expect(await entriesOf(change)).toHaveLength(refusalsPerWindow + 1);
});

test('a flood of one request hides no other that is refused for the same reason', async () => {
  const change = await stack.stored();
  const path = `/v1/changes/${change.id}`;
  for (let n = 0; n < refusalsPerWindow + 3; n++) {
    await stack.api.call(`${path}/execution`, { as: 'carol', body: { action: 'pause', comment: 'x' } });
  }
  await stack.api.call(`${path}/execution`, { as: 'carol', body: { action: 'abandon', comment: 'x' } });
  await stack.api.call(`${path}/withdrawal`, { as: 'carol', body: {} });
  const wanted = (await entriesOf(change)).map((entry) => (entry.wanted as { action: string }).action);
  expect(wanted).toEqual([
    ...Array.from({ length: refusalsPerWindow }, () => 'pause'),
    'abandon',
    'withdraw',
  ]);
});

test('over HTTP, too, a flood is a few entries', async () => {
  const change = await stack.stored();
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => decide(change, 'bob', { digest: 'e'.repeat(64) })),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([412]));
  expect(await entriesOf(change)).toHaveLength(refusalsPerWindow);
});

test('too many writes of one person are answered 429; reads and others go on', async () => {
  const api = await startReplica(stack.testbed, { writesPerMinute: 3 });
  onTestFinished(() => api.stop());
  const change = await stack.stored();
  const write = (as: string) => api.call(`/v1/changes/${change.id}/decisions`, { as, body: {} });
  const statuses = [];
  for (let n = 0; n < 5; n++) statuses.push((await write('bob')).status);
  expect(statuses).toEqual([400, 400, 400, 429, 429]);
  const answer = await write('bob');
  expect(answer.body).toMatchObject({ status: 429, code: 'rate_limited' });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await write('carol')).status).toBe(400);
  expect((await api.call(`/v1/changes/${change.id}`, { as: 'bob' })).status).toBe(200);
});

test('a refusal that cannot be recorded is not answered as one', async () => {
  // Every query is answered but the append's: this login may select and append nothing.
  const db = makePool({
    connectionString: stack.testbed.database.url('reader'),
    applicationName: 'test api',
  });
  onTestFinished(() => db.end());
  const api = await startReplica(stack.testbed, { db });
  onTestFinished(() => api.stop());
  const change = await stack.stored();
  const answer = await api.call(`/v1/changes/${change.id}/decisions`, {
    as: 'bob',
    body: { decision: 'approve', digest: 'e'.repeat(64) },
  });
  expect(answer.status).toBe(500);
  expect(answer.text).not.toMatch(/permission|audit/i);
});
