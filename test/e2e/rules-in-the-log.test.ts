import { createHash, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AlarmCode } from '../../domain/alarm.ts';
import { newEntry } from '../../domain/entry.ts';
import type { EntryPlace, EventType } from '../../domain/entry.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Freeze } from '../../domain/freeze.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { appendEntry } from '../../audit/append.ts';
import { compareChanges } from '../../audit/compare/compare-changes.ts';
import { compareRulePage, firstRules } from '../../audit/compare/compare-rules.ts';
import type { RuleDifference, RulePlace } from '../../audit/compare/compare-rules.ts';
import { apiClient } from '../../client/api-client.ts';
import { makeApiTokenSecret, withApiTokens } from '../../identity/api-token.ts';
import { createTokenVerifier } from '../../identity/token-verifier.ts';
import { onePolicy } from '../../policies/load.ts';
import { getApiToken } from '../../store/get-api-token.ts';
import { makePool } from '../../store/pool.ts';
import { makeApiKey } from '../support/api-key.ts';
import { honest } from '../support/honest.ts';
import {
  changeThat,
  eventually,
  instance,
  serveApi,
  startApi,
  startTestbed,
  startWorkers,
} from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { codeOf, inMs, post, stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';

/* Somebody with Postgres' superuser edits what calls stand on: no call is made that the log forbids, and it is told. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let superuser: Pool;
let reader: Pool;
let steps: Steps;
const alarms: { code: AlarmCode; id: unknown }[] = [];

/** Requesters may break the glass, alone; members of `security` may override freezes. */
const policy = honest({
  ...fourEyes,
  freezeOverride: { group: 'security' },
  breakGlass: { groups: ['requesters'], approvals: 0 },
  groups: { security: { source: 'token' }, requesters: { source: 'members', members: [] } },
});

beforeAll(async () => {
  testbed = await startTestbed();
  const { issuer } = testbed.identity;
  const member = (subject: string) => ({ issuer, subject });
  const asked = honest({
    ...policy,
    groups: {
      ...policy.groups,
      requesters: { source: 'members', members: [member('alice'), member('erin')] },
    },
  });
  superuser = makePool({
    connectionString: testbed.database.url('superuser'),
    applicationName: 'test superuser',
  });
  reader = makePool({ connectionString: testbed.database.url('reader'), applicationName: 'test reader' });
  [api, workers] = await Promise.all([
    startApi(testbed, { policies: onePolicy(asked) }),
    startWorkers(testbed, {
      gateLongestMs: 1000,
      alarm: (code, _message, details) =>
        void alarms.push({ code, id: details?.['id'] ?? details?.['changeId'] }),
    }),
  ]);
  steps = stepsOf(api);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await Promise.all(others.map((other) => other.stop()));
  await superuser.end();
  await reader.end();
  await testbed.stop();
});

async function edit(sql: string, ...values: unknown[]): Promise<void> {
  const client = await superuser.connect();
  try {
    await client.query('set session_replication_role = replica');
    expect((await client.query(sql, values)).rowCount).toBe(1);
  } finally {
    client.release(true);
  }
}

/** Appends an entry of the API's types as somebody with the API's login does, who has not the API's key. */
async function forge(
  place: Omit<EntryPlace, 'namespace'>,
  type: EventType,
  time: string,
  actor: JsonObject,
  members: JsonObject,
): Promise<void> {
  const pool = makePool({ connectionString: testbed.database.url('api'), applicationName: 'test forger' });
  const { signer } = makeApiKey();
  const draft = newEntry({ namespace: testbed.namespace, ...place }, { type, time, actor, ...members });
  await appendEntry(pool, signer.write(draft)).finally(() => pool.end());
}

/** A certificate on an instance that no other test's freeze holds. */
async function target() {
  const mqttInstanceId = `${instance}-${randomUUID().slice(0, 8)}`;
  const sn = await testbed.certificate({ mqttInstanceId });
  return { sn, mqttInstanceId, input: { regionId: 'cn-hangzhou', mqttInstanceId, sn } };
}
function freeze(mqttInstanceId: string, more: object = {}): Promise<Freeze> {
  return api.users.adam.post<Freeze>('/v1/freezes', { reason: 'the great sale', mqttInstanceId, ...more });
}

/** Waits until the change rests in the gate. */
function held(id: string) {
  return eventually(async () =>
    (await api.users.dave.events(id)).some((e) => e.type === 'change.held') ? true : null,
  );
}
/** Waits until a difference was told: an alarm, and an entry. */
async function told(code: AlarmCode, id: string): Promise<{ [member: string]: unknown }> {
  await eventually(async () =>
    Promise.resolve(alarms.some((one) => one.code === code && one.id === id) || null),
  );
  const { rows } = await superuser.query<{ body: { [member: string]: unknown } }>(
    `select convert_from(bytes, 'UTF8')::jsonb as body from audit.entry
      where type = 'integrity.mismatch' and $1 in (change_id::text, audit.told(bytes, '{id}')) order by id`,
    [id],
  );
  return rows[0]?.body ?? {};
}
/** The address of an API that believes the row of a token alone, as one that somebody has captured may. */
async function credulous(id: string): Promise<string> {
  const verifier = createTokenVerifier({ issuer: testbed.identity.issuer, audience: 'countersign' });
  const store = { find: () => getApiToken(superuser, id), use: () => Promise.resolve() };
  const other = await serveApi(testbed, { tokens: withApiTokens(verifier, store) });
  others.push(other);
  return other.url;
}
const others: { stop(): Promise<void> }[] = [];
/** The change, once it has ended, whoever asked for it. */
const endedForAll = (id: string) => changeThat(api.users.olga, id, (c) => c.closedAt !== null);
/** What `audit compare` finds of freezes, revocations and tokens. */
async function compared(id: string): Promise<readonly string[]> {
  const found: RuleDifference[] = [];
  for (let place: RulePlace | null = firstRules; place !== null;) {
    const page = await compareRulePage(reader, place);
    found.push(...page.differences);
    place = page.next;
  }
  return found.filter((one) => one.id === id).flatMap(({ fields }) => fields.map(({ field }) => field));
}

describe.concurrent('a rule whose row somebody has edited', { timeout: 240_000 }, () => {
  test.each<[string, string, string]>([
    ['a freeze deleted', 'delete from countersign.freeze where id = $1', 'freeze'],
    ['a freeze’s end', `update countersign.freeze set ends_at = now() where id = $1`, 'freeze.endsAt'],
    [
      'a freeze lifted by hand',
      `update countersign.freeze set lifted_at = now(), lifted_by = declared_by where id = $1`,
      'freeze.liftedBy',
    ],
  ])('%s: no call, told, and found by the comparison', async (_name, sql, field) => {
    const { sn, mqttInstanceId, input } = await target();
    const frozen = await freeze(mqttInstanceId);
    const { id } = await steps.approved(sn, { input });
    await held(id);
    await edit(sql, frozen.id);
    expect(await told('stored_rule_differs', frozen.id)).toMatchObject({
      changeId: null,
      outcome: 'stored_rule_differs',
      rule: 'freeze',
      id: frozen.id,
    });
    // The gate was asked with the row as it is now.
    expect((await api.users.alice.change(id)).waitsFor).toMatchObject({
      kind: 'freeze',
      freezeId: frozen.id,
    });
    expect(await compared(frozen.id)).toContain(field);
    await api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: 'enough' });
    await steps.ended(id);
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('an override put there by hand: no call, told, and found by the comparison', async () => {
    const { sn, mqttInstanceId, input } = await target();
    const frozen = await freeze(mqttInstanceId);
    const { id, digest } = await steps.approved(sn, { input });
    await held(id);
    await edit(
      `insert into countersign.freeze_override (freeze_id, change_id, digest, overridden_by, overridden_at)
        values ($1, $2, $3, '{"issuer":"https://id","subject":"frank","name":"Frank"}', now())`,
      frozen.id,
      id,
      digest,
    );
    expect(await told('stored_change_differs', id)).toMatchObject({ changeId: id });
    const [difference] = await compareChanges(reader, [id]);
    expect(difference?.fields.map(({ field }) => field)).toEqual([`override.${frozen.id}.${digest ?? ''}`]);
    await api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: 'enough' });
    await steps.ended(id);
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('an override put there with a forged entry: no call, told', async () => {
    const { sn, mqttInstanceId, input } = await target();
    const frozen = await freeze(mqttInstanceId);
    const { id, digest, policy: pinned } = await steps.approved(sn, { input });
    await held(id);
    const { name, version, digest: policyDigest } = pinned;
    const frank = { issuer: 'https://id', subject: 'frank', name: 'Frank' };
    const time = inMs(0);
    await forge(
      { of: `change-${id}`, ordinal: `${frozen.id}/${digest ?? ''}` },
      'freeze.overridden',
      time,
      frank,
      {
        changeId: id,
        ...{
          digest,
          round: 1,
          policy: { name, version, digest: policyDigest },
          comment: 'now',
          directory: [],
        },
        freeze: {
          id: frozen.id,
          operation: null,
          scope: {},
          startsAt: frozen.startsAt,
          endsAt: null,
          reason: '',
        },
      },
    );
    await edit(
      `insert into countersign.freeze_override (freeze_id, change_id, digest, overridden_by, overridden_at)
        values ($1, $2, $3, $4, $5)`,
      ...[frozen.id, id, digest, JSON.stringify(frank), time],
    );
    expect(await told('stored_change_differs', id)).toMatchObject({ changeId: id });
    await api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: 'enough' });
    await steps.ended(id);
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('a freeze lifted with a forged entry: no call, told', async () => {
    const { sn, mqttInstanceId, input } = await target();
    const frozen = await freeze(mqttInstanceId);
    const { id } = await steps.approved(sn, { input });
    await held(id);
    const adam = { issuer: 'https://id', subject: 'adam', name: 'Adam' };
    const { operation, scope, startsAt, endsAt, reason } = frozen;
    const time = inMs(0);
    await forge({ of: `freeze-${frozen.id}`, ordinal: 1 }, 'freeze.lifted', time, adam, {
      freeze: { id: frozen.id, operation, scope: { ...scope }, startsAt, endsAt, reason },
    });
    await edit(
      'update countersign.freeze set lifted_at = $2, lifted_by = $3 where id = $1',
      ...[frozen.id, time, JSON.stringify(adam)],
    );
    expect(await told('stored_rule_differs', frozen.id)).toMatchObject({ rule: 'freeze' });
    await api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: 'enough' });
    await steps.ended(id);
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('an override whose entry is there as well lets its change run', async () => {
    const { sn, mqttInstanceId, input } = await target();
    const frozen = await freeze(mqttInstanceId);
    const { id, digest } = await steps.approved(sn, { input });
    await held(id);
    await api.users.frank.post(`/v1/freezes/${frozen.id}/overrides`, {
      changeId: id,
      digest,
      comment: 'now',
    });
    expect(await steps.ended(id)).toMatchObject({ executionStatus: 'succeeded' });
    expect(await compareChanges(reader, [id])).toEqual([]);
  });

  test('an API token put there by hand asks for nothing', async () => {
    const { sn, input } = await target();
    const { secret, hash } = makeApiTokenSecret();
    const id = randomUUID();
    await edit(
      `insert into countersign.api_token (id, hash, name, scopes, issued_by, issued_at, expires_at)
        values ($1, $2, 'ci', '{changes:request}', '{"issuer":"https://id","subject":"adam","name":"Adam"}',
          now() - interval '1 hour', now() + interval '1 hour')`,
      id,
      hash,
    );
    expect(await codeOf(apiClient(api.url, secret).get('/v1/me'))).toBe('unauthenticated');
    const machine = apiClient(await credulous(id), secret);
    expect(await codeOf(machine.get('/v1/me'))).toBeNull();
    expect(await codeOf(post(machine, sn, randomUUID(), { input }))).toBe('unauthenticated');
    expect(await told('stored_rule_differs', id)).toMatchObject({ rule: 'token', id });
    expect(await compared(id)).toEqual(['token']);
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('an API token put there with a forged entry asks for nothing', async () => {
    const { sn, input } = await target();
    const { secret, hash } = makeApiTokenSecret();
    const id = randomUUID();
    const adam = { issuer: 'https://id', subject: 'adam', name: 'Adam' };
    const [issuedAt, expiresAt] = [inMs(-3_600_000), inMs(3_600_000)];
    const fingerprint = createHash('sha256').update(hash).digest('hex');
    await forge({ of: `token-${id}`, ordinal: 1 }, 'token.issued', issuedAt, adam, {
      token: { id, fingerprint, name: 'ci', scopes: ['changes:request'], expiresAt },
    });
    await edit(
      `insert into countersign.api_token (id, hash, name, scopes, issued_by, issued_at, expires_at)
        values ($1, $2, 'ci', '{changes:request}', $3, $4, $5)`,
      ...[id, hash, JSON.stringify(adam), issuedAt, expiresAt],
    );
    // Only the worker, which opens changes, checks who wrote the entry.
    const machine = apiClient(api.url, secret);
    expect(await codeOf(machine.get('/v1/me'))).toBeNull();
    expect(await codeOf(post(machine, sn, randomUUID(), { input }))).toBe('unauthenticated');
    expect(await told('stored_rule_differs', id)).toMatchObject({ rule: 'token', id });
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('an API token whose end somebody has put off asks for nothing any more', async () => {
    const { sn, input } = await target();
    const expiresAt = inMs(1500);
    const issued = await api.users.adam.post<{ id: string; secret: string }>('/v1/tokens', {
      name: 'ci',
      scopes: ['changes:request'],
      expiresAt,
    });
    await edit(
      `update countersign.api_token set expires_at = now() + interval '1 day' where id = $1`,
      issued.id,
    );
    await eventually(() => Promise.resolve(Date.now() > Date.parse(expiresAt) || null));
    expect(await codeOf(apiClient(api.url, issued.secret).get('/v1/me'))).toBe('unauthenticated');
    const machine = apiClient(await credulous(issued.id), issued.secret);
    expect(await codeOf(machine.get('/v1/me'))).toBeNull();
    expect(await codeOf(post(machine, sn, randomUUID(), { input }))).toBe('unauthenticated');
    expect(await told('stored_rule_differs', issued.id)).toMatchObject({ rule: 'token' });
    expect(await compared(issued.id)).toEqual(['token.expiresAt']);
  });

  test.each<[string, string, string]>([
    ['secret', `hash = sha256('another')`, 'token.fingerprint'],
    ['scopes', `scopes = '{changes:request,audit:read}'`, 'token.scopes'],
    ['issuer', `issued_by = '{"issuer":"https://id","subject":"eve","name":"Eve"}'`, 'token.issuedBy.issuer'],
  ])('an API token with another %s is none, and found by the comparison', async (what, set, field) => {
    const issued = await api.users.adam.post<{ id: string; secret: string }>('/v1/tokens', {
      name: 'ci',
      scopes: ['changes:request'],
      expiresAt: inMs(3_600_000),
    });
    expect(await codeOf(apiClient(api.url, issued.secret).get('/v1/me'))).toBeNull();
    const { secret, hash } = makeApiTokenSecret();
    await edit(`update countersign.api_token set ${set} where id = $1`, issued.id);
    if (what === 'secret')
      await edit('update countersign.api_token set hash = $2 where id = $1', issued.id, hash);
    const taken = what === 'secret' ? secret : issued.secret;
    expect(await codeOf(apiClient(api.url, taken).get('/v1/me'))).toBe('unauthenticated');
    expect(await compared(issued.id)).toContain(field);
  });

  test('a target released by hand stays one change’s', async () => {
    const { sn, input } = await target();
    const first = await steps.asked(sn, { input });
    await edit('delete from countersign.open_target where change_id = $1', first.id);
    expect(await codeOf(post(api.users.erin, sn, randomUUID(), { input }))).toBe('open_change_exists');
    const [difference] = await compareChanges(reader, [first.id]);
    expect(difference?.fields).toMatchObject([{ field: 'target', stored: null }]);
    await api.users.alice.post(`/v1/changes/${first.id}/withdrawal`, { comment: 'enough' });
    await steps.ended(first.id);
    // Once it has ended, the target is free.
    const { id } = await post(api.users.erin, sn, randomUUID(), { input });
    expect(await compareChanges(reader, [first.id, id])).toEqual([]);
  });

  test('a review that is owed stays owed when its row is deleted', async () => {
    const [one, two] = [await target(), await target()];
    const broken = await post(api.users.erin, one.sn, randomUUID(), { input: one.input, breakGlass: true });
    expect(await endedForAll(broken.id)).toMatchObject({ reviewStatus: 'owed' });
    await edit('delete from countersign.break_glass where change_id = $1', broken.id);
    const again = () =>
      codeOf(post(api.users.erin, two.sn, randomUUID(), { input: two.input, breakGlass: true }));
    expect(await again()).toBe('review_owed');
    expect(await testbed.calls(two.sn)).toEqual([]);
    const [difference] = await compareChanges(reader, [broken.id]);
    expect(difference?.fields).toMatchObject([{ field: 'break_glass', stored: null }]);
    await api.users.bob.post(`/v1/changes/${broken.id}/review`, { comment: 'seen' });
    expect(await again()).toBeNull();
  });
});

test('a policy whose revocation has no row any more stays revoked', { timeout: 240_000 }, async () => {
  const { sn, mqttInstanceId, input } = await target();
  const frozen = await freeze(mqttInstanceId);
  const { id, policy: pinned } = await steps.approved(sn, { input });
  await held(id);
  const { name, version, digest } = pinned;
  // What is left of a revocation when its row is deleted before the API has told the changes.
  const pool = makePool({ connectionString: testbed.database.url('api'), applicationName: 'test api' });
  const place = { namespace: testbed.namespace, of: `policy-${digest}`, ordinal: 1 };
  const actor = { issuer: 'https://id', subject: 'adam', name: 'Adam' };
  const members = {
    type: 'policy.revoked',
    time: inMs(0),
    actor,
    policy: { name, version, digest },
    comment: 'too lax',
  } as const;
  await appendEntry(pool, newEntry(place, members));
  await pool.end();
  await api.users.adam.delete(`/v1/freezes/${frozen.id}`);
  expect(await told('stored_rule_differs', digest)).toMatchObject({ rule: 'revocation', id: digest });
  expect((await api.users.alice.change(id)).waitsFor).toMatchObject({ kind: 'revocation' });
  expect(await codeOf(post(api.users.erin, (await target()).sn))).toBe('policy_revoked');
  expect(await compared(digest)).toEqual(['revocation']);
  await api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: 'enough' });
  await steps.ended(id);
  expect(await testbed.calls(sn)).toEqual([]);
});
