import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { readGateFacts } from '../../audit/gate-facts.ts';
import { makeGate } from '../../calendar/gate.ts';
import type { Change } from '../../domain/change.ts';
import { newEntry } from '../../domain/entry.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Freeze, FreezeOverride } from '../../domain/freeze.ts';
import type { JsonObject } from '../../domain/json.ts';
import { getFreeze } from '../../store/get-freeze.ts';
import { insertFreezeOverride } from '../../store/insert-freeze-override.ts';
import { insertPolicyRevocation } from '../../store/insert-policy-revocation.ts';
import { insertFreeze } from '../../store/insert-freeze.ts';
import { liftFreeze } from '../../store/lift-freeze.ts';
import { listFreezeOverrides } from '../../store/list-freeze-overrides.ts';
import { listFreezes } from '../../store/list-freezes.ts';
import { makePool } from '../../store/pool.ts';
import { saveChange } from '../../store/save-change.ts';
import { change, person } from '../store/change-fixture.ts';
import { compareRules } from '../../audit/compare/compare-rules.ts';
import { honest } from '../support/honest.ts';
import { makeApiKey } from '../support/api-key.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

const { signer, isWritten } = makeApiKey();
let database: TestDatabase;
let api: pg.Pool;
let worker: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  api = makePool({ connectionString: database.url('api'), applicationName: 'test api' });
  worker = makePool({ connectionString: database.url('worker'), applicationName: 'test worker' });
});
afterAll(async () => {
  await Promise.all([api.end(), worker.end()]);
  await database.drop();
});

const now = Date.parse('2026-11-24T12:00:00.000Z');
const at = (minutes: number) => new Date(now + minutes * 60_000).toISOString();
const { issuer, subject, name } = person('adam');
const adam = { issuer, subject, name };

function freeze(mqttInstanceId: string, more: Partial<Freeze> = {}): Freeze {
  return {
    id: randomUUID(),
    operation: null,
    scope: { mqttInstanceId },
    startsAt: at(-10),
    endsAt: at(10),
    reason: 'the great sale',
    declaredBy: adam,
    declaredAt: at(-20),
    liftedBy: null,
    liftedAt: null,
    ...more,
  };
}
/** The gate as a worker asks it. */
function gateOf(calendar?: readonly Freeze[]) {
  return makeGate((of, moment) => readGateFacts(worker, isWritten, of, moment), calendar);
}
function factsOf(mine: Change) {
  return readGateFacts(worker, isWritten, mine, at(0));
}
type Told = 'freeze.declared' | 'freeze.lifted' | 'freeze.overridden' | 'policy.revoked';
/** What the API appends with each row. */
function tell(type: Told, of: string, time: string, by: object, members: JsonObject, isSigned = true) {
  const draft = newEntry({ namespace: 'test', of, ordinal: 1 }, { type, time, actor: { ...by }, ...members });
  return appendEntry(api, isSigned ? signer.write(draft) : draft);
}
function draftOf({ id, operation, scope, startsAt, endsAt, reason }: Freeze): JsonObject {
  return { id, operation, scope: { ...scope }, startsAt, endsAt, reason };
}
async function declare(one: Freeze): Promise<Freeze> {
  await insertFreeze(api, one);
  await tell('freeze.declared', one.id, one.declaredAt ?? '', adam, { freeze: draftOf(one) });
  return one;
}
async function lift(one: Freeze, isSigned = true): Promise<void> {
  await liftFreeze(api, one.id, adam, at(0));
  await tell('freeze.lifted', one.id, at(0), adam, { freeze: draftOf(one) }, isSigned);
}
function overriddenBy({ freezeId, changeId, digest, by, at: time }: FreezeOverride, isSigned = true) {
  const members = { changeId, digest, freeze: { id: freezeId } };
  return tell('freeze.overridden', changeId, time, by, members, isSigned);
}
/** Edits as a superuser does, past every trigger. */
async function edit(sql: string, ...values: unknown[]): Promise<void> {
  const client = new pg.Client({ connectionString: database.url('superuser') });
  await client.connect();
  try {
    await client.query('set session_replication_role = replica');
    await client.query(
      'alter table audit.entry disable trigger all; alter table audit.pending disable trigger all',
    );
    expect((await client.query(sql, values)).rowCount).toBe(1);
  } finally {
    await client.end();
  }
}
/** A change on an instance of its own. */
function onInstance(more: object = {}) {
  const mqttInstanceId = `post-cn-${randomUUID()}`;
  const input = { regionId: 'cn-hangzhou', mqttInstanceId, sn: '1' };
  return { mqttInstanceId, mine: change({ policy: fourEyes, input, ...more }) };
}

test('a freeze is kept once, as it was declared, and lifted once', async () => {
  const one = freeze('kept', {
    operation: 'ActiveCaCertificate',
    scope: { mqttInstanceId: 'kept', regionId: 'cn-*' },
    endsAt: null,
  });
  expect(await insertFreeze(api, one)).toBe(true);
  expect(await insertFreeze(api, { ...one, reason: 'another' })).toBe(false);
  expect(await getFreeze(worker, one.id)).toEqual(one);
  const lifts = await Promise.all([1, 2, 3].map(() => liftFreeze(api, one.id, adam, at(0))));
  expect(lifts.sort()).toEqual([false, false, true]);
  expect(await getFreeze(worker, one.id)).toEqual({ ...one, liftedBy: adam, liftedAt: at(0) });
  expect(await getFreeze(worker, randomUUID())).toBeNull();
});

test('nobody rewrites or removes a freeze, and a worker makes none', async () => {
  const one = freeze('guarded');
  await insertFreeze(api, one);
  const refused = { code: '42501' };
  await expect(api.query('update countersign.freeze set ends_at = now()')).rejects.toMatchObject(refused);
  await expect(api.query('delete from countersign.freeze')).rejects.toMatchObject(refused);
  await expect(insertFreeze(worker, freeze('worker'))).rejects.toMatchObject(refused);
  await expect(liftFreeze(worker, one.id, adam, at(0))).rejects.toMatchObject(refused);
  const override = { freezeId: one.id, changeId: randomUUID(), digest: 'd', by: adam, at: at(0) };
  await expect(insertFreezeOverride(worker, override)).rejects.toMatchObject(refused);
  await liftFreeze(api, one.id, adam, at(0));
  await expect(
    api.query('update countersign.freeze set lifted_at = now() where id = $1', [one.id]),
  ).rejects.toMatchObject({ code: 'CS004' });
});

test('freezes are listed page by page, the last declared first', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i += 1) {
    const one = freeze('paged', { declaredAt: at(1000 + Math.floor(i / 2)) });
    await insertFreeze(api, one);
    ids.push(one.id);
  }
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await listFreezes(api, cursor, 2);
    expect(page.freezes.length).toBeLessThanOrEqual(2);
    seen.push(...page.freezes.filter((f) => f.scope['mqttInstanceId'] === 'paged').map((f) => f.id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(seen).toHaveLength(5);
  expect([...seen].sort()).toEqual([...ids].sort());
  expect(seen[0]).toBe(ids[4]);
});

test('the gate blocks in a freeze of the database, until it ends or is lifted', async () => {
  const gate = gateOf();
  const { mqttInstanceId, mine } = onInstance();
  expect(await gate(mine, now)).toBeNull();
  const one = await declare(freeze(mqttInstanceId));
  expect(await gate(mine, now)).toEqual({
    kind: 'freeze',
    reason: 'the great sale',
    until: at(10),
    freezeId: one.id,
  });
  expect(await gate(onInstance().mine, now)).toBeNull();
  expect(await gate(mine, Date.parse(at(10)))).toBeNull();
  await lift(one);
  expect(await gate(mine, now)).toBeNull();
});

test('the gate blocks in a freeze of the calendar file, and by none of its names', async () => {
  const { mqttInstanceId, mine } = onInstance();
  const gate = gateOf([freeze(mqttInstanceId, { id: 'year-end', endsAt: null })]);
  expect(await gate(mine, now)).toMatchObject({ kind: 'freeze', until: null, freezeId: 'year-end' });
  expect(await gate(onInstance().mine, now)).toBeNull();
});

test('an override opens the gate for one change, one freeze and one digest', async () => {
  const { mqttInstanceId, mine } = onInstance();
  const gate = gateOf([freeze(mqttInstanceId, { id: 'year-end' })]);
  await saveChange(worker, mine);
  const override = {
    freezeId: 'year-end',
    changeId: mine.id,
    digest: mine.digest ?? '',
    by: { ...adam, subject: 'frank' },
    at: at(-1),
  };
  const kept = await Promise.all([1, 2, 3].map(() => insertFreezeOverride(api, override)));
  expect(kept.sort()).toEqual([false, false, true]);
  expect(await listFreezeOverrides(worker, mine.id)).toEqual([override]);
  // A row that no entry tells of lets nothing run.
  expect(await gate(mine, now)).toMatchObject({ freezeId: 'year-end' });
  await overriddenBy(override);
  expect(await gate(mine, now)).toBeNull();
  expect(await gate({ ...mine, digest: 'e'.repeat(64) }, now)).toMatchObject({ freezeId: 'year-end' });
  const second = freeze(mqttInstanceId);
  await insertFreeze(api, second);
  expect(await gate(mine, now)).toMatchObject({ freezeId: second.id });
});

test('the gate blocks outside of the policy’s windows, and a freeze is named before them', async () => {
  const window = { cron: '0 13 * * *', durationMinutes: 60, timeZone: 'UTC', holidays: [] };
  const { mqttInstanceId, mine } = onInstance({ policy: { ...fourEyes, windows: [window] } });
  const gate = gateOf();
  const blocked = { kind: 'window', reason: 'no change window is open', until: at(60), freezeId: null };
  expect(await gate(mine, now)).toEqual(blocked);
  expect(await gate(mine, Date.parse(at(60)))).toBeNull();
  expect(await gate(mine, Date.parse(at(120)))).toMatchObject({ kind: 'window', until: at(60 + 1440) });
  await insertFreeze(api, freeze(mqttInstanceId));
  expect(await gate(mine, now)).toMatchObject({ kind: 'freeze' });
  // Break-glass and standard changes know no way around.
  expect(await gate({ ...mine, breakGlass: true }, now)).toMatchObject({ kind: 'freeze' });
});

test('a window that cannot be computed closes the gate, and the reason says so', async () => {
  const window = { cron: '0 13 * * *', durationMinutes: 60, timeZone: 'CST', holidays: [] };
  const { mine } = onInstance({ policy: { ...fourEyes, windows: [window] } });
  expect(await gateOf()(mine, now)).toMatchObject({
    kind: 'window',
    reason: expect.stringMatching(/timeZone: expected .*, got CST/) as string,
    until: null,
  });
});

/* Somebody edits rows as a superuser: what stops a call counts by row or entry, what lets it go by both. */

test.each<[string, (id: string) => [string, ...unknown[]]]>([
  ['deleted', (id) => ['delete from countersign.freeze where id = $1', id]],
  ['ended', (id) => ['update countersign.freeze set ends_at = $2 where id = $1', id, at(-1)]],
  ['put off', (id) => ['update countersign.freeze set starts_at = $2 where id = $1', id, at(5)]],
  [
    'lifted',
    (id) => ['update countersign.freeze set lifted_at = $2, lifted_by = $3 where id = $1', id, at(0), adam],
  ],
  ['turned elsewhere', (id) => [`update countersign.freeze set scope = '{"sn":"x"}' where id = $1`, id]],
])('a freeze whose row somebody has %s holds, and is named', async (_what, sql) => {
  const { mqttInstanceId, mine } = onInstance();
  const one = await declare(freeze(mqttInstanceId));
  expect((await factsOf(mine)).differing).not.toContainEqual({
    rule: 'freeze',
    id: one.id,
  });
  await edit(...sql(one.id));
  expect(await gateOf()(mine, now)).toMatchObject({ kind: 'freeze', freezeId: one.id });
  expect((await factsOf(mine)).differing).toContainEqual({ rule: 'freeze', id: one.id });
  expect(await compareRules(worker, [{ rule: 'freeze', id: one.id }])).toHaveLength(1);
});

test('a freeze that nobody has declared holds all the same, and is named', async () => {
  const { mqttInstanceId, mine } = onInstance();
  const one = freeze(mqttInstanceId);
  await insertFreeze(api, one);
  expect(await gateOf()(mine, now)).toMatchObject({ kind: 'freeze', freezeId: one.id });
  expect((await factsOf(mine)).differing).toContainEqual({ rule: 'freeze', id: one.id });
});

test('a lifting that stands among the entries and never comes into the log lifts nothing', async () => {
  const { mqttInstanceId, mine } = onInstance();
  const one = await declare(freeze(mqttInstanceId));
  await lift(one);
  expect(await gateOf()(mine, now)).toBeNull();
  await edit(
    'delete from audit.pending where entry_id = (select id from audit.entry where event_key = $1)',
    `test/${one.id}/freeze.lifted/1`,
  );
  expect(await gateOf()(mine, now)).toMatchObject({ freezeId: one.id });
});

test('an override whose row or entry is gone, or is another, lets nothing run', async () => {
  const { mqttInstanceId, mine } = onInstance();
  await saveChange(worker, mine);
  const one = await declare(freeze(mqttInstanceId));
  const override = {
    freezeId: one.id,
    changeId: mine.id,
    digest: mine.digest ?? '',
    by: { ...adam, subject: 'frank' },
    at: at(-1),
  };
  await overriddenBy(override);
  expect(await gateOf()(mine, now)).toMatchObject({ freezeId: one.id });
  expect(await factsOf(mine)).toMatchObject({ overridesDiffer: true });
  await insertFreezeOverride(api, override);
  expect(await gateOf()(mine, now)).toBeNull();
  expect(await factsOf(mine)).toMatchObject({ overridesDiffer: false });
  await edit(`update countersign.freeze_override set overridden_by = $2 where change_id = $1`, mine.id, adam);
  expect(await gateOf()(mine, now)).toMatchObject({ freezeId: one.id });
});

test('a lifting and an override that no key of the API wrote let nothing run, and are named', async () => {
  const { mqttInstanceId, mine } = onInstance();
  await saveChange(worker, mine);
  const one = await declare(freeze(mqttInstanceId));
  await lift(one, false);
  expect(await gateOf()(mine, now)).toMatchObject({ freezeId: one.id });
  expect((await factsOf(mine)).differing).toContainEqual({ rule: 'freeze', id: one.id });
  const other = onInstance();
  await saveChange(worker, other.mine);
  const held = await declare(freeze(other.mqttInstanceId));
  const { id: changeId, digest } = other.mine;
  const by = { ...adam, subject: 'frank' };
  const override = { freezeId: held.id, changeId, digest: digest ?? '', by, at: at(-1) };
  await insertFreezeOverride(api, override);
  await overriddenBy(override, false);
  expect(await gateOf()(other.mine, now)).toMatchObject({ freezeId: held.id });
  expect(await factsOf(other.mine)).toMatchObject({ overrides: [], overridesDiffer: true });
});

test('a lifting that somebody turns to another freeze lifts neither', async () => {
  const [lifted, held] = [onInstance(), onInstance()];
  const one = await declare(freeze(lifted.mqttInstanceId));
  const other = await declare(freeze(held.mqttInstanceId));
  await lift(one);
  await edit(
    `update audit.entry e set bytes = b.bytes, leaf_hash = sha256('\\x00'::bytea || b.bytes)
       from (select id, convert_to(replace(convert_from(bytes, 'UTF8'), $2, $3), 'UTF8') as bytes from audit.entry) b
      where e.id = b.id and event_key = $1`,
    `test/${one.id}/freeze.lifted/1`,
    one.id,
    other.id,
  );
  await edit('delete from countersign.freeze where id = $1', other.id);
  expect(await gateOf()(held.mine, now)).toMatchObject({ freezeId: other.id });
  expect(await gateOf()(lifted.mine, now)).toMatchObject({ freezeId: one.id });
});

test('a revoked policy stays revoked when its row is deleted', async () => {
  const policy = honest({ ...fourEyes, name: randomUUID() });
  const { mine } = onInstance({ policy });
  const { digest, name: called, version } = policy;
  const comment = 'wrong';
  await insertPolicyRevocation(api, {
    ...{ digest, name: called, version, comment, revokedBy: person('adam'), revokedAt: at(-1) },
  });
  await tell('policy.revoked', digest, at(-1), person('adam'), {
    policy: { name: called, version, digest },
    comment,
  });
  expect((await factsOf(mine)).differing).not.toContainEqual({
    rule: 'revocation',
    id: digest,
  });
  await edit('delete from countersign.policy_revocation where digest = $1', digest);
  expect(await gateOf()(mine, now)).toMatchObject({ kind: 'revocation' });
  expect((await factsOf(mine)).differing).toContainEqual({
    rule: 'revocation',
    id: digest,
  });
});

test('an entry of a freeze that cannot be read stops every call', async () => {
  const { mine } = onInstance();
  const one = await declare(freeze('unreadable'));
  await edit(
    `update audit.entry set bytes = '[]', leaf_hash = sha256('\\x00'::bytea || '[]') where event_key = $1`,
    `test/${one.id}/freeze.declared/1`,
  );
  await expect(gateOf()(mine, now)).rejects.toMatchObject({ code: 'log_untrusted' });
});
