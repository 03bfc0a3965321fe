import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Freeze } from '../../domain/freeze.ts';
import { eventually } from '../support/service.ts';
import { startApiStack } from './api-stack.ts';
import type { Answer, ApiStack } from './api-stack.ts';

const yearEnd: Freeze = {
  id: 'year-end',
  operation: null,
  scope: { regionId: 'cn-beijing' },
  startsAt: '2020-01-01T00:00:00.000Z',
  endsAt: '2099-01-01T00:00:00.000Z',
  reason: 'the books are closed',
  declaredBy: null,
  declaredAt: null,
  liftedBy: null,
  liftedAt: null,
};

let stack: ApiStack;
beforeAll(async () => {
  stack = await startApiStack({ calendar: [yearEnd] });
});
afterAll(() => stack.stop());

const body = { reason: 'the great sale', mqttInstanceId: 'post-cn-*' };
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

function declare(sent: object = {}, headers: Record<string, string> = {}, as = 'adam'): Promise<Answer> {
  return stack.api.call('/v1/freezes', { as, body: { ...body, ...sent }, headers });
}
async function entriesOf(type: string, id: unknown) {
  const all = await stack.entries();
  return all.filter((e) => e.type === type && (e.freeze as { id?: unknown } | undefined)?.id === id);
}

test('an admin declares a freeze, and the log has it with its row, once', async () => {
  const endsAt = inHours(2);
  const answer = await declare({
    operation: 'ActiveCaCertificate',
    regionId: 'cn-hangzhou',
    scope: { sn: ' 0072? ' },
    endsAt,
  });
  expect(answer.status).toBe(201);
  const { id } = answer.body;
  expect(answer.headers.get('location')).toBe(`/v1/freezes/${String(id)}`);
  expect(answer.body).toMatchObject({
    operation: 'ActiveCaCertificate',
    scope: { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-*', sn: '0072?' },
    endsAt,
    reason: 'the great sale',
    declaredBy: { subject: 'adam', name: 'Adam Abbott' },
    liftedBy: null,
    callsUnderWay: [],
  });
  const { callsUnderWay: _calls, ...freeze } = answer.body;
  expect((await stack.api.call(`/v1/freezes/${String(id)}`, { as: 'bob' })).body).toEqual(freeze);
  const [entry, ...more] = await entriesOf('freeze.declared', id);
  expect(more).toEqual([]);
  expect(entry).toMatchObject({
    changeId: null,
    operation: 'ActiveCaCertificate',
    actor: { subject: 'adam', roles: ['admin'] },
    freeze: {
      id,
      endsAt,
      scope: { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-*', sn: '0072?' },
      reason: 'the great sale',
    },
  });
});

test('a freeze that is sent again under its key is one freeze, however many at once', async () => {
  const headers = { 'Idempotency-Key': `freeze-${randomUUID()}` };
  const answers = await Promise.all(Array.from({ length: 8 }, () => declare({}, headers)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
  const ids = new Set(answers.map((a) => a.body.id));
  expect(ids.size).toBe(1);
  expect(await entriesOf('freeze.declared', [...ids][0])).toHaveLength(1);
  const other = await declare({ reason: 'another' }, headers);
  expect(other.body).toMatchObject({ status: 422, code: 'key_reused' });
});

test('one pattern is the same in full and in short', async () => {
  const headers = { 'Idempotency-Key': `freeze-${randomUUID()}` };
  const short = await declare({ regionId: 'cn-*' }, headers);
  expect(short.body).toMatchObject({ scope: { regionId: 'cn-*', mqttInstanceId: 'post-cn-*' } });
  const full = { mqttInstanceId: undefined, scope: { mqttInstanceId: 'post-cn-*', regionId: 'cn-*' } };
  expect(await declare(full, headers)).toMatchObject({ status: 200, body: { id: short.body.id } });
});

test.each<[string, object, string, string]>([
  ['no reason', { reason: '  ' }, 'reason', 'required'],
  ['an unknown operation', { operation: 'DropEverything' }, 'operation', 'one_of'],
  ['an end in the past', { endsAt: inHours(-1) }, 'endsAt', 'future'],
  ['an end before its start', { startsAt: inHours(3), endsAt: inHours(2) }, 'startsAt', 'before'],
  ['a time without a zone', { endsAt: '2099-01-01T00:00:00' }, 'endsAt', 'format'],
  ['an unknown field', { until: inHours(1) }, 'until', 'unknown_field'],
  ['a member in both forms', { scope: { mqttInstanceId: 'a' } }, 'mqttInstanceId', 'once'],
  ['a text for a scope', { scope: 'cn-*' }, 'scope', 'type'],
  ['a number for a pattern', { scope: { sn: 1 } }, 'scope.sn', 'type'],
  ['an empty pattern', { scope: { sn: '' } }, 'scope.sn', 'required'],
  ['a pattern of 201 characters', { scope: { sn: 'x'.repeat(201) } }, 'scope.sn', 'max_length'],
  ['a member that no target has', { scope: { regionID: 'x' } }, 'scope', 'one_of'],
  ['a member that nobody sees', { scope: JSON.parse('{"__proto__":"x"}') as object }, 'scope', 'format'],
  ['a name that is none', { scope: { 's n': 'x' } }, 'scope.s n', 'format'],
  ['a name of 65 characters', { scope: { ['s'.repeat(65)]: 'x' } }, `scope.${'s'.repeat(65)}`, 'format'],
  [
    'eleven members',
    { scope: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`m${n}`, 'x'])) },
    'scope',
    'maximum',
  ],
])('%s is refused', async (_name, wrong, field, rule) => {
  const answer = await declare(wrong);
  expect(answer.status).toBe(400);
  expect(answer.body.errors).toMatchObject([{ field, rule }]);
});

test('a freeze is lifted once; lifting it again changes nothing', async () => {
  const { id } = (await declare()).body;
  const path = `/v1/freezes/${String(id)}`;
  const lifts = await Promise.all(
    [1, 2, 3].map(() => stack.api.call(path, { as: 'adam', method: 'DELETE' })),
  );
  for (const lift of lifts) {
    expect(lift.status).toBe(200);
    expect(lift.body).toEqual(lifts[0]?.body);
    expect(lift.body.liftedBy).toMatchObject({ subject: 'adam' });
  }
  expect(await entriesOf('freeze.lifted', id)).toHaveLength(1);
});

test('what cannot be lifted says so: one that ended, one of the file, one that there is not', async () => {
  const endsAt = Date.now() + 3_000;
  const { id } = (await declare({ startsAt: inHours(-2), endsAt: new Date(endsAt).toISOString() })).body;
  const lift = (name: string) => stack.api.call(`/v1/freezes/${name}`, { as: 'adam', method: 'DELETE' });
  await eventually(() => Promise.resolve(Date.now() > endsAt ? true : null));
  expect((await lift(String(id))).body).toMatchObject({ status: 409, code: 'freeze_ended' });
  expect((await lift('year-end')).body).toMatchObject({ status: 405, code: 'method_not_allowed' });
  expect((await lift(randomUUID())).body).toMatchObject({ status: 404, code: 'not_found' });
  expect((await lift('no-such-name')).status).toBe(404);
});

test('the list has those of the file first, and goes on page by page', async () => {
  await declare();
  await declare();
  const first = (await stack.api.call('/v1/freezes?limit=1', { as: 'olga' })).body;
  const items = first.items as Freeze[];
  expect(items.map(({ id }) => id)).toEqual(['year-end', expect.any(String)]);
  const next = (
    await stack.api.call(`/v1/freezes?limit=1&cursor=${String(first.nextCursor)}`, { as: 'dave' })
  ).body;
  expect((next.items as Freeze[]).map(({ id }) => id)).not.toContain('year-end');
  expect((await stack.api.call('/v1/freezes?limit=0', { as: 'adam' })).status).toBe(400);
});

test('only an admin declares and lifts; a requester does not even read; refusals are recorded', async () => {
  const { id } = (await declare()).body;
  const before = (await stack.entries()).length;
  for (const as of ['alice', 'bob', 'dave', 'olga']) {
    expect((await declare({}, {}, as)).body).toMatchObject({ status: 403, code: 'missing_role' });
    const lift = await stack.api.call(`/v1/freezes/${String(id)}`, { as, method: 'DELETE' });
    expect(lift.body).toMatchObject({ status: 403, code: 'missing_role' });
  }
  for (const path of ['/v1/freezes', `/v1/freezes/${String(id)}`]) {
    expect((await stack.api.call(path, { as: 'alice' })).status).toBe(403);
    expect((await stack.api.call(path, { as: null })).status).toBe(401);
  }
  const refusals = (await stack.entries()).slice(before);
  expect(refusals.map((e) => [e.type, e.outcome])).toEqual(
    Array.from({ length: 10 }, () => ['request.refused', 'missing_role']),
  );
  expect(await entriesOf('freeze.lifted', id)).toEqual([]);
});

test('a change that may run by its approval shows the freeze that it waits for, until it is lifted', async () => {
  const policy = {
    ...fourEyes,
    freezeOverride: { group: 'security' },
    groups: { security: { source: 'token' } },
  } as const;
  const change = await stack.stored({
    policy,
    decisionStatus: 'approved',
    executionStatus: 'scheduled',
    input: { regionId: 'cn-hangzhou', mqttInstanceId: 'post-waits', sn: '1' },
  });
  const show = async () => (await stack.api.call(`/v1/changes/${change.id}`)).body.waitsFor;
  expect(await show()).toBeNull();
  const endsAt = inHours(1);
  const { id } = (await declare({ mqttInstanceId: 'post-w*', endsAt })).body;
  expect(await show()).toEqual({ kind: 'freeze', reason: 'the great sale', until: endsAt, freezeId: id });
  await stack.api.call(`/v1/freezes/${String(id)}`, { as: 'adam', method: 'DELETE' });
  expect(await show()).toBeNull();
});

test('a change outside of its windows shows when the next one opens; one that has ended waits for nothing', async () => {
  const windows = [{ cron: '0 0 29 2 *', durationMinutes: 1, timeZone: 'UTC', holidays: [] }];
  const more = {
    policy: { ...fourEyes, windows },
    input: { regionId: 'cn-hangzhou', mqttInstanceId: 'post-windows', sn: '3' },
    decisionStatus: 'approved',
    executionStatus: 'scheduled',
  } as const;
  const waits = await stack.stored(more);
  const shown = (await stack.api.call(`/v1/changes/${waits.id}`)).body.waitsFor;
  expect(shown).toMatchObject({ kind: 'window', until: '2028-02-29T00:00:00.000Z', freezeId: null });
  const pending = await stack.stored({ policy: more.policy });
  expect((await stack.api.call(`/v1/changes/${pending.id}`)).body.waitsFor).toBeNull();
  const ended = await stack.stored({ ...more, executionStatus: 'cancelled' });
  expect((await stack.api.call(`/v1/changes/${ended.id}`)).body.waitsFor).toBeNull();
});

test('whom the policy names lets a change run in a freeze, on its digest, once', async () => {
  const policy = {
    ...fourEyes,
    freezeOverride: { group: 'security' },
    groups: { security: { source: 'token' } },
  } as const;
  const change = await stack.stored({
    policy,
    decisionStatus: 'approved',
    executionStatus: 'scheduled',
    input: { regionId: 'cn-beijing', mqttInstanceId: 'post-x', sn: '2' },
  });
  const override = (as: string, more: object = {}, freeze = 'year-end') =>
    stack.api.call(`/v1/freezes/${freeze}/overrides`, {
      as,
      body: { changeId: change.id, digest: change.digest, comment: 'devices are down', ...more },
    });
  const before = (await stack.entries()).length;
  expect((await override('bob')).body).toMatchObject({ status: 403, code: 'not_an_approver' });
  expect((await override('alice')).body).toMatchObject({ status: 403, code: 'missing_role' });
  expect((await override('frank', { digest: 'e'.repeat(64) })).body.code).toBe('digest_mismatch');
  expect((await override('frank', { comment: '' })).body.code).toBe('invalid_request');
  expect((await override('frank', {}, randomUUID())).status).toBe(404);
  expect((await override('frank', { changeId: randomUUID() })).status).toBe(404);
  const elsewhere = (await declare({ mqttInstanceId: 'post-elsewhere' })).body;
  expect((await override('frank', {}, String(elsewhere.id))).body.errors).toMatchObject([
    { field: 'changeId', rule: 'held_by_freeze' },
  ]);
  const refused = (await stack.entries()).slice(before).filter((e) => e.type === 'request.refused');
  expect(refused.map((e) => [e.changeId, e.outcome])).toEqual([
    [change.id, 'not_an_approver'],
    [null, 'missing_role'],
    [change.id, 'digest_mismatch'],
  ]);

  const show = async () => (await stack.api.call(`/v1/changes/${change.id}`)).body.waitsFor;
  expect(await show()).toMatchObject({ freezeId: 'year-end' });
  const answers = await Promise.all([override('frank'), override('frank'), override('frank')]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
  for (const { body } of answers) {
    expect(body).toMatchObject({ freezeId: 'year-end', changeId: change.id, by: { subject: 'frank' } });
  }
  expect(await show()).toBeNull();
  const entries = await entriesOf('freeze.overridden', 'year-end');
  expect(entries).toMatchObject([
    { changeId: change.id, digest: change.digest, comment: 'devices are down', actor: { subject: 'frank' } },
  ]);
});

test('an override by the freeze’s id in capitals is of that freeze', async () => {
  const freeze = (await declare({ mqttInstanceId: 'post-capitals' })).body;
  const change = await stack.stored({
    policy: { ...fourEyes, freezeOverride: { group: 'security' }, groups: { security: { source: 'token' } } },
    decisionStatus: 'approved',
    executionStatus: 'scheduled',
    input: { regionId: 'cn-shanghai', mqttInstanceId: 'post-capitals', sn: '3' },
  });
  const override = (id: string) =>
    stack.api.call(`/v1/freezes/${id}/overrides`, {
      as: 'frank',
      body: { changeId: change.id, digest: change.digest, comment: 'devices are down' },
    });
  const made = await override(String(freeze.id).toUpperCase());
  expect([made.status, made.body.freezeId]).toEqual([201, freeze.id]);
  expect((await override(String(freeze.id))).status).toBe(200);
  expect((await stack.api.call(`/v1/changes/${change.id}`)).body.waitsFor).toBeNull();
});

test('nothing is kept that the log does not take', async () => {
  const { id } = (await declare()).body;
  // Its entry's key is taken by other bytes: the row must not change.
  const key = `${stack.testbed.namespace}/freeze-${String(id)}/freeze.lifted/1`;
  await stack.api.pool.query('select audit.append($1, $2)', [
    key,
    Buffer.from('{"v":1,"type":"freeze.lifted","time":"2026-11-24T09:00:00.000Z"}'),
  ]);
  const lift = await stack.api.call(`/v1/freezes/${String(id)}`, { as: 'adam', method: 'DELETE' });
  expect(lift.body).toMatchObject({ status: 500, code: 'integrity_conflict' });
  expect((await stack.api.call(`/v1/freezes/${String(id)}`, { as: 'adam' })).body.liftedAt).toBeNull();
});

test('what is refused of reading and of declaring is recorded, too', async () => {
  const before = (await stack.entries()).length;
  const key = { 'idempotency-key': randomUUID() };
  expect((await stack.api.call('/v1/freezes', { as: 'alice' })).status).toBe(403);
  expect((await stack.api.call('/v1/policy-revocations', { as: 'alice' })).status).toBe(403);
  expect((await declare({ mqttInstanceId: 'post-once' }, key)).status).toBe(201);
  expect((await declare({ mqttInstanceId: 'post-twice' }, key)).body.code).toBe('key_reused');
  const refused = (await stack.entries()).slice(before).filter((e) => e.type === 'request.refused');
  expect(refused.map((e) => [(e.wanted as { call: string }).call, e.outcome])).toEqual([
    ['read freezes', 'missing_role'],
    ['list revoked policies', 'missing_role'],
    ['declare a freeze', 'key_reused'],
  ]);
});

test('a change whose window cannot be computed is shown, with the reason', async () => {
  const window = { cron: '0 22 * * *', durationMinutes: 60, timeZone: 'CST', holidays: [] };
  const change = await stack.stored({
    policy: { ...fourEyes, windows: [window] },
    input: { regionId: 'cn-hangzhou', mqttInstanceId: 'broken-window', sn: '9' },
    decisionStatus: 'approved',
    executionStatus: 'scheduled',
  });
  const { status, body } = await stack.api.call(`/v1/changes/${change.id}`);
  expect(status).toBe(200);
  expect(body.waitsFor).toMatchObject({ kind: 'window', until: null });
  expect(JSON.stringify(body.waitsFor)).toMatch(/cannot be computed: timeZone/);
});
