import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeGate } from '../../calendar/gate.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Freeze } from '../../domain/freeze.ts';
import { getFreeze } from '../../store/get-freeze.ts';
import { insertFreezeOverride } from '../../store/insert-freeze-override.ts';
import { insertFreeze } from '../../store/insert-freeze.ts';
import { liftFreeze } from '../../store/lift-freeze.ts';
import { listFreezeOverrides } from '../../store/list-freeze-overrides.ts';
import { listFreezes } from '../../store/list-freezes.ts';
import { makePool } from '../../store/pool.ts';
import { saveChange } from '../../store/save-change.ts';
import { change, person } from '../store/change-fixture.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

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
  const gate = makeGate(worker);
  const { mqttInstanceId, mine } = onInstance();
  expect(await gate(mine, now)).toBeNull();
  const one = freeze(mqttInstanceId);
  await insertFreeze(api, one);
  expect(await gate(mine, now)).toEqual({
    kind: 'freeze',
    reason: 'the great sale',
    until: at(10),
    freezeId: one.id,
  });
  expect(await gate(onInstance().mine, now)).toBeNull();
  expect(await gate(mine, Date.parse(at(10)))).toBeNull();
  await liftFreeze(api, one.id, adam, at(0));
  expect(await gate(mine, now)).toBeNull();
});

test('the gate blocks in a freeze of the calendar file, and by none of its names', async () => {
  const { mqttInstanceId, mine } = onInstance();
  const gate = makeGate(worker, [freeze(mqttInstanceId, { id: 'year-end', endsAt: null })]);
  expect(await gate(mine, now)).toMatchObject({ kind: 'freeze', until: null, freezeId: 'year-end' });
  expect(await gate(onInstance().mine, now)).toBeNull();
});

test('an override opens the gate for one change, one freeze and one digest', async () => {
  const { mqttInstanceId, mine } = onInstance();
  const gate = makeGate(worker, [freeze(mqttInstanceId, { id: 'year-end' })]);
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
  expect(await gate(mine, now)).toBeNull();
  expect(await gate({ ...mine, digest: 'e'.repeat(64) }, now)).toMatchObject({ freezeId: 'year-end' });
  const second = freeze(mqttInstanceId);
  await insertFreeze(api, second);
  expect(await gate(mine, now)).toMatchObject({ freezeId: second.id });
});

test('the gate blocks outside of the policy’s windows, and a freeze is named before them', async () => {
  const window = { cron: '0 13 * * *', durationMinutes: 60, timeZone: 'UTC', holidays: [] };
  const { mqttInstanceId, mine } = onInstance({ policy: { ...fourEyes, windows: [window] } });
  const gate = makeGate(worker);
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
  expect(await makeGate(worker)(mine, now)).toMatchObject({
    kind: 'window',
    reason: expect.stringMatching(/timeZone: expected .*, got CST/) as string,
    until: null,
  });
});
