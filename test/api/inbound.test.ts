import { createHash, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ApiDependencies } from '../../api/dependencies.ts';
import type { InboundSystem, Told } from '../../api/inbound.ts';
import { createEngine } from '../../api/engine.ts';
import type { Engine } from '../../api/engine.ts';
import type { Change } from '../../domain/change.ts';
import { CountersignError } from '../../domain/error.ts';
import type { ErrorCode } from '../../domain/error.ts';
import { directoryFrom } from '../../policies/directory.ts';
import { deleteOldInbound } from '../../store/delete-old-inbound.ts';
import { policyWith } from '../support/policy.ts';
import { choiceOf, outsideSystem, signedSending } from '../support/outside-system.ts';
import type { Sending } from '../support/outside-system.ts';
import { eventually } from '../support/service.ts';
import { replicaOfTest, startApiStack } from './api-stack.ts';
import type { Answer, ApiStack, Replica } from './api-stack.ts';

const secret = 'the secret of now';
const older = 'the secret of before';
const named = policyWith({ channels: [{ name: 'chat', mode: 'decide' }] });

let stack: ApiStack;
let directory = directoryFrom({});
const policies = { current: () => ({ rules: [{ policy: named, match: {} }], directory }) };

/** What is told of a delivery that came before. */
const cameBefore = { outcome: 'unavailable', code: 'outcome_not_known' };

/** What people were told afterwards, by where. */
const told: { readonly to: string; readonly told: Told }[] = [];
const chat = (more: Partial<InboundSystem> = {}) =>
  outsideSystem([secret, older], {
    answer: (answer) => ({ ...answer }),
    tell(to, what) {
      told.push({ to, told: what });
      return Promise.resolve();
    },
    ...more,
  });
/** One that answers people by itself, and one that is answered like any caller. */
const systems = (more: Partial<InboundSystem> = {}) =>
  new Map([
    ['chat', chat(more)],
    ['forwarded', outsideSystem([secret])],
  ]);

beforeAll(async () => {
  stack = await startApiStack({ policies, inbound: systems });
  const { issuer } = stack.testbed.identity;
  const account = (subject: string, roles: 'approver'[]) => ({
    issuer,
    subject,
    roles,
    accounts: ['chat', 'forwarded'].map((system) => ({ system, team: 'T1', user: `U-${subject}` })),
  });
  directory = directoryFrom({}, [
    account('bob', ['approver']),
    account('alice', ['approver']),
    account('dave', []),
  ]);
});
afterAll(() => stack.stop());

const replica = (overrides: Partial<ApiDependencies>) =>
  replicaOfTest(stack, { policies, inbound: systems, ...overrides });

/** An engine that takes what is sent, or fails. */
function engineThat(send: Engine['send']): Engine {
  return { ...createEngine(stack.testbed.client, 1500), send };
}

async function send(
  sending: Sending | string,
  options: { to?: string; by?: string; at?: number; api?: Replica; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { to = 'chat', by = secret, at = Date.now(), api = stack.api, headers = {} } = options;
  const signed = signedSending(by, sending, at);
  return api.call(`/v1/inbound/${to}`, {
    as: null,
    raw: signed.raw,
    headers: { ...signed.headers, ...headers },
  });
}

const pending = (more: Partial<Change> = {}) => stack.stored({ policy: named, ...more });

async function rows(deliveryId: string) {
  const pool = new pg.Pool({ connectionString: stack.testbed.database.url('superuser'), max: 1 });
  try {
    const { rows: found } = await pool.query<Record<string, unknown>>(
      `select system, kind, tickets, click, body_digest, is_released from countersign.inbound where delivery_id = $1`,
      [deliveryId],
    );
    return found;
  } finally {
    await pool.end();
  }
}

async function refusals(change: Pick<Change, 'id'>) {
  const entries = await stack.entries();
  return entries
    .filter(({ type, changeId }) => type === 'decision.refused' && changeId === change.id)
    .map(({ actor, outcome, wanted }) => ({ actor, outcome, wanted }));
}

describe('who may send', () => {
  const hint = (): Sending => ({ kind: 'hint', deliveryId: randomUUID(), tickets: ['OPS-1'] });

  test('a system that is not expected: 404, and another method: 405', async () => {
    expect((await send(hint(), { to: 'jira' })).status).toBe(404);
    expect((await send(hint(), { to: '__proto__' })).status).toBe(404);
    expect((await stack.api.call('/v1/inbound/chat', { as: null })).status).toBe(405);
  });

  test('signed: 200, by either secret while one is replaced', async () => {
    for (const by of [secret, older]) expect((await send(hint(), { by })).status).toBe(200);
  });

  test.each<[string, () => Promise<Answer>]>([
    ['not signed', () => send(hint(), { headers: { 'x-test-signature': '' } })],
    ['signed by another', () => send(hint(), { by: 'another' })],
    ['by a secret that is no longer one', () => send(hint(), { by: older, to: 'forwarded' })],
    [
      'signed for another time',
      () => send(hint(), { headers: { 'x-test-timestamp': String(Date.now() + 1) } }),
    ],
    ['old', () => send(hint(), { at: Date.now() - 301_000 })],
    ['of the future', () => send(hint(), { at: Date.now() + 301_000 })],
    ['without a body', () => stack.api.call('/v1/inbound/chat', { as: null, method: 'POST' })],
    [
      'truncated',
      () => {
        const { raw, headers } = signedSending(secret, hint());
        return stack.api.call('/v1/inbound/chat', { as: null, raw: raw.slice(0, -1), headers });
      },
    ],
    [
      'with a bearer token in place of a signature',
      () => stack.api.call('/v1/inbound/chat', { as: 'adam', body: hint() }),
    ],
  ])('%s: 401', async (_name, sent) => {
    const { status, body } = await sent();
    expect([status, body.code]).toEqual([401, 'unauthenticated']);
  });

  test('signed and not understood: 400; compressed: 415; too long: 413', async () => {
    expect((await send('{"kind":"hint"')).body.code).toBe('invalid_request');
    expect((await send('[]')).body.code).toBe('invalid_request');
    const zipped = await stack.api.call('/v1/inbound/chat', {
      as: null,
      raw: gzipSync('{}'),
      headers: { 'content-encoding': 'gzip' },
    });
    expect(zipped.body.code).toBe('unsupported_media_type');
    const long = await send(`{"kind":"ignored","x":"${'x'.repeat(1024 * 1024)}"}`);
    expect([long.status, long.body['detail']]).toEqual([413, 'a body has at most 1024 KiB']);
  });

  test('the bytes are verified as they came, whatever is in them', async () => {
    expect((await send(' {"kind" : "ignored", "answer": {"challenge":"\\u0061"}}\n')).body).toEqual({
      challenge: 'a',
    });
    expect((await send('{"kind":"ignored"}', { headers: { 'content-type': 'text/plain' } })).status).toBe(
      200,
    );
  });

  test('what is refused counts for its address, and a refused decision does not', async () => {
    const api = await replica({ refusedTokensPerMinute: 3 });
    const change = await pending();
    for (let n = 0; n < 5; n += 1) {
      const decision = choiceOf('decision', 'U-nobody', change);
      expect((await send(decision, { api, to: 'forwarded' })).status).toBe(403);
    }
    for (let n = 0; n < 3; n += 1) expect((await send(hint(), { api, by: 'another' })).status).toBe(401);
    expect((await send(hint(), { api, by: 'another' })).status).toBe(429);
  });

  test('one account asks for so much in a minute', async () => {
    const at = Date.now();
    const api = await replica({ writesPerMinute: 2, now: () => at });
    const change = await pending();
    const codes: unknown[] = [];
    for (let n = 0; n < 3; n += 1) {
      const decision = choiceOf('decision', 'U-flood', change);
      codes.push((await send(decision, { api, to: 'forwarded' })).body.code);
    }
    expect(codes).toEqual(['account_not_mapped', 'account_not_mapped', 'rate_limited']);
  });
});

describe('a hint', () => {
  test('is kept once, and told once to whoever listens', async () => {
    const client = new pg.Client({ connectionString: stack.testbed.database.url('superuser') });
    await client.connect();
    onTestFinished(() => client.end());
    const heard: string[] = [];
    client.on('notification', ({ payload }) => heard.push(payload ?? ''));
    await client.query('listen countersign_inbound');
    const deliveryId = randomUUID();
    const sending: Sending = { kind: 'hint', deliveryId, tickets: ['OPS-4711'] };
    for (let n = 0; n < 3; n += 1) expect((await send(sending)).status).toBe(200);
    await Promise.all([1, 2, 3].map(() => send(sending)));
    const digest = createHash('sha256').update(JSON.stringify(sending)).digest('hex');
    expect(await rows(deliveryId)).toEqual([
      {
        system: 'chat',
        kind: 'hint',
        tickets: ['OPS-4711'],
        click: null,
        body_digest: digest,
        is_released: false,
      },
    ]);
    await eventually(() => Promise.resolve(heard.length > 0 || null));
    await client.query('select 1');
    expect(heard).toHaveLength(1);
    // Another system may number its deliveries alike.
    expect((await send(sending, { to: 'forwarded' })).status).toBe(200);
    expect(await rows(deliveryId)).toHaveLength(2);
  });

  test('goes once it is older than every replay window', async () => {
    const deliveryId = randomUUID();
    await send({ kind: 'hint', deliveryId, tickets: ['OPS-1'] });
    await deleteOldInbound(stack.api.pool, new Date(Date.now() - 60_000).toISOString());
    expect(await rows(deliveryId)).toHaveLength(1);
    expect(
      await deleteOldInbound(stack.api.pool, new Date(Date.now() + 60_000).toISOString()),
    ).toBeGreaterThan(0);
    expect(await rows(deliveryId)).toEqual([]);
  });

  test('what is of no concern is not kept', async () => {
    expect((await send({ kind: 'ignored' })).body).toEqual({});
  });
});

describe('a click', () => {
  const click = (user: string, change: Change, replyTo: string | null = null) =>
    choiceOf('click', user, change, { replyTo });

  test('of somebody who may decide waits for the deliverer, once', async () => {
    const change = await pending();
    const sending = { ...click('U-bob', change, 'https://chat/reply'), open: { trigger: 't' } } as Sending & {
      deliveryId: string;
    };
    for (let n = 0; n < 2; n += 1) expect((await send(sending)).status).toBe(200);
    expect(await rows(sending.deliveryId)).toMatchObject([
      { kind: 'click', click: { trigger: 't', replyTo: 'https://chat/reply' } },
    ]);
    expect(await refusals(change)).toEqual([]);
  });

  test.each<[string, string, ErrorCode]>([
    ['whom the directory does not know', 'U-nobody', 'account_not_mapped'],
    ['who asked for the change', 'U-alice', 'self_approval'],
    ['who has no role', 'U-dave', 'not_an_approver'],
  ])('of somebody %s opens nothing; they are told why, and it is an entry', async (_name, user, code) => {
    const change = await pending();
    const to = `https://chat/${randomUUID()}`;
    const sending = click(user, change, to) as Sending & { deliveryId: string };
    for (let n = 0; n < 2; n += 1) expect((await send(sending)).status).toBe(200);
    expect(await rows(sending.deliveryId)).toMatchObject([{ kind: 'decision', click: null }]);
    expect(told.filter((one) => one.to === to)).toMatchObject([{ told: { outcome: 'refused', code } }]);
    expect(await refusals(change)).toMatchObject([
      { outcome: code, actor: { authentication: { methods: ['via:chat'], at: null } } },
    ]);
  });

  test('on another digest is told so before anybody writes a comment', async () => {
    const change = await pending({ policy: policyWith({ ...named, commentRequired: 'always' }) });
    const to = `https://chat/${randomUUID()}`;
    await send({ ...click('U-bob', change, to), digest: 'e'.repeat(64) } as Sending);
    expect(told.find((one) => one.to === to)).toMatchObject({ told: { code: 'digest_mismatch' } });
    const good = click('U-bob', change) as Sending & { deliveryId: string };
    await send(good);
    expect(await rows(good.deliveryId)).toMatchObject([{ kind: 'click' }]);
  });
});

describe('a decision', () => {
  test('of a stranger is an entry under what the system calls them', async () => {
    const change = await pending();
    const answer = await send(choiceOf('decision', 'U-nobody', change));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ outcome: 'refused', code: 'account_not_mapped' });
    expect(await refusals(change)).toEqual([
      {
        outcome: 'account_not_mapped',
        wanted: { kind: 'decision', action: 'approve', digest: change.digest },
        actor: {
          issuer: 'via:chat',
          subject: 'T1/U-nobody',
          name: 'T1/U-nobody',
          roles: [],
          groups: [],
          authentication: { methods: ['via:chat'], at: null },
        },
      },
    ]);
  });

  test('on nothing that is known is refused, and nothing is recorded', async () => {
    const before = (await stack.entries()).length;
    for (const id of [randomUUID(), 'no id', '']) {
      const { body } = await send(choiceOf('decision', 'U-bob', { id, digest: 'a'.repeat(64) }));
      expect(body).toMatchObject({ outcome: 'refused', code: 'not_found' });
    }
    expect((await stack.entries()).length).toBe(before);
  });

  test.each([
    ['too long', 'x'.repeat(2001)],
    ['of characters that nobody sees', 'yes\u0007'],
  ])('with a comment that is %s is refused, as with a token, and nothing is sent', async (_name, comment) => {
    let sent = 0;
    const api = await replica({ engine: engineThat(() => Promise.resolve(void (sent += 1))) });
    const change = await pending();
    const { body } = await send(choiceOf('decision', 'U-bob', change, { comment }), { api });
    expect(body).toMatchObject({ outcome: 'refused', code: 'invalid_request' });
    expect(sent).toBe(0);
    const longest = choiceOf('decision', 'U-bob', change, { comment: 'x'.repeat(2000) });
    expect((await send(longest, { api })).body).toMatchObject({ outcome: 'recorded' });
  });

  test('by a system that is answered like any caller is a problem of its status', async () => {
    const change = await pending();
    const { status, body } = await send(choiceOf('decision', 'U-bob', change), { to: 'forwarded' });
    expect([status, body.code]).toEqual([403, 'channel_not_allowed']);
  });

  test('is sent to the workflow once, however often it comes', async () => {
    const sent: unknown[] = [];
    const api = await replica({
      engine: engineThat((request) => {
        sent.push(request.signed.statement);
        return Promise.resolve();
      }),
    });
    const change = await pending();
    const sending = choiceOf('decision', 'U-bob', change, { comment: 'seen' });
    const first = await send(sending, { api });
    expect(first.body).toEqual({ outcome: 'recorded', action: 'approve' });
    expect((await send(sending, { api })).body).toMatchObject(cameBefore);
    await Promise.all([1, 2, 3].map(() => send(sending, { api })));
    expect(sent).toMatchObject([
      {
        kind: 'decision',
        action: 'approve',
        comment: 'seen',
        digest: change.digest,
        person: {
          issuer: stack.testbed.identity.issuer,
          subject: 'bob',
          roles: ['approver'],
          groups: [],
          authentication: { methods: ['via:chat'], at: null },
        },
      },
    ]);
  });

  test.each<[ErrorCode, boolean]>([
    ['log_unavailable', true],
    ['not_sealed', true],
    ['engine_unavailable', false],
    ['engine_busy', false],
    ['engine_failed', false],
    ['engine_rejected', false],
    ['internal_error', false],
    ['outcome_not_known', false],
  ])('that failed with %s may come again: %s', async (code, again) => {
    let sent = 0;
    const api = await replica({
      engine: engineThat(() => {
        sent += 1;
        return sent === 1 ? Promise.reject(new CountersignError(code, 'not now')) : Promise.resolve();
      }),
    });
    const change = await pending();
    const sending = choiceOf('decision', 'U-bob', change) as Sending & { deliveryId: string };
    expect((await send(sending, { api })).body).toMatchObject({ outcome: 'unavailable', code });
    expect(await rows(sending.deliveryId)).toMatchObject([{ is_released: again }]);
    // What may have been decided is never said not to have been.
    expect((await send(sending, { api })).body).toMatchObject(again ? { outcome: 'recorded' } : cameBefore);
    expect(sent).toBe(again ? 2 : 1);
  });

  test('whose outcome takes longer than the system waits is told afterwards', async () => {
    const engine = Promise.withResolvers<undefined>();
    const underWay = new Set<Promise<void>>();
    const api = await replica({
      underWay,
      inbound: () => systems({ patienceMs: 50 }),
      engine: engineThat(() => engine.promise),
    });
    const change = await pending();
    const to = `https://chat/${randomUUID()}`;
    const answer = await send(choiceOf('decision', 'U-bob', change, { replyTo: to }), { api });
    expect(answer.body).toEqual({ outcome: 'pending' });
    expect(told.filter((one) => one.to === to)).toEqual([]);
    // Whoever stops the API waits for it.
    expect(underWay.size).toBe(1);
    engine.resolve(undefined);
    await Promise.all(underWay);
    expect(underWay.size).toBe(0);
    const found = await eventually(() => Promise.resolve(told.find((one) => one.to === to) ?? null));
    expect(found.told).toEqual({ outcome: 'recorded', action: 'approve' });
  });
});

describe('rights', () => {
  async function as(role: string, statement: string): Promise<string> {
    const client = new pg.Client({ connectionString: stack.testbed.database.url('superuser') });
    await client.connect();
    try {
      await client.query('begin');
      await client.query(`set local role ${role}`);
      await client.query(statement);
      return 'done';
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    } finally {
      await client.end();
    }
  }
  const denied = '42501';

  test.each<[string, string, string]>([
    [
      'countersign_deliverer',
      `insert into countersign.inbound (system, delivery_id, kind) values ('x', 'x', 'click')`,
      denied,
    ],
    ['countersign_deliverer', 'delete from countersign.inbound', denied],
    ['countersign_deliverer', 'update countersign.inbound set is_released = true', denied],
    ['countersign_deliverer', 'update countersign.inbound set handled_at = now(), click = null', 'done'],
    ['countersign_worker', 'select from countersign.inbound', denied],
    ['countersign_reader', 'select from countersign.inbound', denied],
    ['countersign_api', `update countersign.inbound set kind = 'click'`, denied],
    ['countersign_api', 'update countersign.inbound set handled_at = now()', denied],
  ])('%s: %s', async (role, statement, expected) => {
    expect(await as(role, statement)).toBe(expected);
  });
});
