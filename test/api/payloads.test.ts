import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyRing, newPayloadKey } from '../../codec/key-ring.ts';
import { payloadReader } from '../../codec/payload-reader.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { boundToNone, shownPayload, shownPlain, testKeys } from '../support/payload-keys.ts';
import { startApiStack, startReplica } from './api-stack.ts';
import type { ApiStack, Sent } from './api-stack.ts';

/* The codec server of Temporal's web UI and command line. */

const ui = 'https://temporal.example';
const path = '/v1/payloads/decode';
let stack: ApiStack;
let namespace: string;

beforeAll(async () => {
  stack = await startApiStack({ payloads: payloadReader(testKeys), temporalUi: ui });
  ({ namespace } = stack.testbed);
});
afterAll(() => stack.stop());

const said = { justification: 'the line moves' };
const decode = (payloads: unknown[], sent: Sent = {}) =>
  stack.api.call(path, { body: { payloads }, ...sent });
const of = (id: string) => shownPayload(said, namespace, workflowIdOf(id));
const readsOf = async (id: string) =>
  (await stack.entries()).filter(({ type, changeId }) => type === 'audit.read' && changeId === id);

test('whoever may read a change reads what is stored of it; that is recorded once', async () => {
  const { id } = await stack.stored();
  for (const as of ['alice', 'bob', 'dave', 'olga']) {
    for (let times = 0; times < 3; times += 1) {
      const { status, body } = await decode([of(id)], { as });
      expect([as, status, body]).toEqual([as, 200, { payloads: [shownPlain(said)] }]);
    }
  }
  const reads = await readsOf(id);
  expect(reads.map(({ actor }) => actor.subject)).toEqual(['alice', 'bob', 'dave', 'olga']);
  expect(reads[0]?.query).toEqual({ payloadsOf: workflowIdOf(id), changeId: id });
  expect(reads.every(({ writer }) => writer !== undefined)).toBe(true);
});

test('nobody else does, and that is recorded as a refusal', async () => {
  const { id } = await stack.stored();
  for (const as of ['erin', 'adam']) {
    const { status, body } = await decode([of(id)], { as });
    expect([as, status, body.code]).toEqual([as, 404, 'not_found']);
  }
  expect(await readsOf(id)).toEqual([]);
  expect((await decode([of(id)], { as: null })).status).toBe(401);
});

test('one that may be read does not bring along another', async () => {
  const [mine, others] = [
    await stack.stored(),
    await stack.stored({ requester: stack.person('erin', 'requester') }),
  ];
  const { status, text } = await decode([of(mine.id), of(others.id)], { as: 'alice' });
  expect(status).toBe(404);
  expect(text).not.toContain(shownPlain(said).data);
});

test.each([
  ['of no change', () => shownPayload(said, namespace, `follow-${randomUUID()}`)],
  ['of no workflow', () => boundToNone(said)],
])('what is %s is for auditors and operators', async (_name, payload) => {
  for (const as of ['dave', 'olga']) expect((await decode([payload()], { as })).status).toBe(200);
  for (const as of ['alice', 'bob', 'adam']) {
    const { status, body } = await decode([payload()], { as });
    expect([as, status, body.code]).toEqual([as, 403, 'missing_role']);
  }
});

test('what is not Countersign’s stays as it is, whoever asks', async () => {
  const others = [
    shownPlain('plain'),
    { metadata: { encoding: Buffer.from('binary/encrypted').toString('base64') }, data: 'AAEC', more: 1 },
    {},
  ];
  expect((await decode(others, { as: 'erin' })).body['payloads']).toEqual(others);
  const own = [of(randomUUID())];
  const elsewhere = await decode(own, { headers: { 'x-namespace': 'elsewhere' } });
  expect(elsewhere.body['payloads']).toEqual(own);
});

test('what names another namespace, or no workflow that there can be, stays as it is, whoever asks', async () => {
  const before = (await stack.entries()).length;
  const forged = of(randomUUID());
  const others = [
    shownPayload(said, 'elsewhere', workflowIdOf(randomUUID())),
    shownPayload(said, namespace, 'x'.repeat(1001)),
    { ...forged, metadata: { ...forged.metadata, 'encryption-workflow-id': btoa('a\u0000b') } },
  ];
  for (const as of ['dave', 'olga', 'erin'])
    expect((await decode(others, { as })).body['payloads']).toEqual(others);
  expect(await stack.entries()).toHaveLength(before);
});

test('what was altered, or is under a key that the API lacks, stays as it is beside what can be read', async () => {
  const [{ id }, { id: unreadOf }] = [await stack.stored(), await stack.stored()];
  const good = of(id);
  const bytes = Buffer.from(good.data, 'base64');
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  const altered = { ...good, data: bytes.toString('base64') };
  const moved = { ...good, metadata: { ...good.metadata, ...of(unreadOf).metadata } };
  const unknown = shownPayload(said, namespace, workflowIdOf(id), keyRing([newPayloadKey('current')]));
  const unreadable = [altered, moved, unknown, { ...good, data: '' }];
  const { status, body } = await decode([...unreadable, good], { as: 'dave' });
  expect([status, body['payloads']]).toEqual([200, [...unreadable, shownPlain(said)]]);
  // Of the other change nothing was read.
  expect([(await readsOf(id)).length, (await readsOf(unreadOf)).length]).toEqual([1, 0]);
});

test('what another installation of the namespace has encrypted stays as it is, whoever asks, and is no refusal', async () => {
  const ring = keyRing([newPayloadKey('current')]);
  const { id: known } = await stack.stored({ requester: stack.person('bob', 'requester') });
  const before = (await stack.entries()).length;
  const foreign = [
    // Under keys that this installation lacks; the second names a change that is here.
    shownPayload(said, namespace, workflowIdOf(randomUUID()), ring),
    shownPayload(said, namespace, workflowIdOf(known), ring),
    shownPayload(said, namespace, `follow-${randomUUID()}`, ring),
    // Two installations that share a key against the advice.
    of(randomUUID()),
    shownPayload(said, namespace, `review-${randomUUID()}`),
  ];
  for (const as of ['dave', 'olga', 'alice', 'erin', 'adam']) {
    const { status, body } = await decode(foreign, { as });
    expect([as, status, body['payloads']]).toEqual([as, 200, foreign]);
  }
  expect(await stack.entries()).toHaveLength(before);
});

test('who makes up a payload is told the same of a change that is here and of one that is not', async () => {
  const { id } = await stack.stored();
  const before = (await stack.entries()).length;
  for (const named of [id, randomUUID()]) {
    const good = of(named);
    const madeUp = { ...good, data: btoa('x'.repeat(100)) };
    const { status, body } = await decode([madeUp], { as: 'erin' });
    expect([status, body['payloads']]).toEqual([200, [madeUp]]);
  }
  expect(await stack.entries()).toHaveLength(before);
});

test('beside another installation’s, what is here is decoded, or refused', async () => {
  const { id } = await stack.stored();
  const foreign = of(randomUUID());
  const { status, body } = await decode([foreign, of(id)], { as: 'alice' });
  expect([status, body['payloads']]).toEqual([200, [foreign, shownPlain(said)]]);
  expect((await decode([foreign, of(id)], { as: 'erin' })).body.code).toBe('not_found');
});

test('bodies are checked, and may be as long as a payload', async () => {
  const { id } = await stack.stored();
  const long = 'x'.repeat(1_000_000);
  const { status, body } = await decode([shownPayload(long, namespace, workflowIdOf(id))], { as: 'dave' });
  expect([status, body['payloads']]).toEqual([200, [shownPlain(long)]]);
  expect((await decode(['x'.repeat(5_000_000)], { as: 'dave' })).body.code).toBe('body_too_large');
  const none = await stack.api.call(path, { body: {} });
  expect([none.status, none.body['payloads']]).toEqual([200, []]);
  for (const wrong of [[], { payloads: 1 }, { payloads: [{ data: 5 }] }])
    expect((await stack.api.call(path, { body: wrong })).body.code).toBe('invalid_request');
  expect((await stack.api.call('/v1/payloads/encode', { body: { payloads: [] } })).status).toBe(404);
});

test('a long body costs no more than its bytes', async () => {
  const half = 2_000_000;
  const bodies = [
    `{"payloads":[{"more":${'['.repeat(half)}${']'.repeat(half)}}]}`,
    `{"payloads":[${'{},'.repeat(half / 2)}{}]}`,
    `{"payloads":[{"metadata":{${Array.from({ length: half / 8 }, (_, at) => `"${at}":""`).join()}}}]}`,
  ];
  for (const text of bodies) {
    const { status, body } = await stack.api.call(path, { raw: text });
    expect([status, body.code]).toEqual([413, 'body_too_large']);
  }
  const began = performance.now();
  const endless = await stack.api.call(path, { raw: `"${'\\"'.repeat(half)}` });
  expect([endless.status, endless.body.code]).toEqual([400, 'invalid_json']);
  expect(performance.now() - began).toBeLessThan(5000);
});

test('Temporal’s web UI may ask, by its access token, and no other page', async () => {
  const { id } = await stack.stored();
  // As a browser asks before the request itself: without a token.
  const preflight = (origin: string) =>
    stack.api.open(`${path}?preserveStorageRefs=true`, {
      as: null,
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,authorization-extras,content-type,x-namespace',
      },
    });
  const allowed = await preflight(ui);
  expect(allowed.status).toBe(204);
  expect(allowed.headers.get('access-control-allow-origin')).toBe(ui);
  expect(allowed.headers.get('access-control-allow-methods')).toBe('POST');
  const names = (allowed.headers.get('access-control-allow-headers') ?? '').split(', ');
  expect(names.sort()).toEqual(['authorization', 'authorization-extras', 'content-type', 'x-namespace']);
  expect(allowed.headers.has('access-control-allow-credentials')).toBe(false);

  const asked = await decode([of(id)], { as: 'bob', headers: { origin: ui, 'x-namespace': namespace } });
  expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([200, ui]);
  // A refusal can be read by the page, too.
  const refused = await decode([of(id)], { as: null, headers: { origin: ui } });
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, ui]);

  for (const origin of ['https://evil.example', `${ui}.evil.example`, 'null']) {
    const denied = await preflight(origin);
    expect([origin, denied.status]).toEqual([origin, 401]);
    expect(denied.headers.has('access-control-allow-origin')).toBe(false);
  }
  // The page may ask for nothing else.
  const other = await stack.api.open('/v1/me', { headers: { origin: ui } });
  expect(other.headers.has('access-control-allow-origin')).toBe(false);
});

test('an API without keys decodes nothing, and whoever asks too often waits', async () => {
  const replica = await startReplica(stack.testbed, { decodesPerMinute: 2 });
  const own = [of(randomUUID())];
  const sent = { as: 'dave', body: { payloads: own } };
  expect((await replica.call(path, sent)).body['payloads']).toEqual(own);
  await replica.call(path, sent);
  expect((await replica.call(path, sent)).body.code).toBe('rate_limited');
  await replica.stop();
});
