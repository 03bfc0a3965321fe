import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { leafHash } from '../../audit/merkle.ts';
import { readNoteVerifier } from '../../audit/note-key.ts';
import { parseProof, verifyProof } from '../../audit/tlog-proof.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { makePool } from '../../store/pool.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { policyPinned } from '../../domain/policy-entry.ts';
import { honest } from '../support/honest.ts';
import { changeStory } from '../audit/change-story.ts';
import { makeKeys, signed } from '../audit/memory-log.ts';
import { found, freshPath, unpacked, verified } from '../audit/pack-file.ts';
import { takeOverLog } from '../audit/seal.ts';
import { startApiStack, startReplica } from './api-stack.ts';
import type { ApiStack, Sent } from './api-stack.ts';

const keys = makeKeys();
const story = changeStory();
let stack: ApiStack;
let log: Awaited<ReturnType<typeof takeOverLog>>;
let sealedSize: number;

beforeAll(async () => {
  stack = await startApiStack();
  log = await takeOverLog(stack.testbed, keys);
  const { body } = await stack.api.call('/v1/audit/checkpoint', { as: 'dave' });
  expect(body).toMatchObject({ status: 503, code: 'not_sealed' });
  await appendEntry(stack.worker, policyPinned(honest(fourEyes), '2026-11-24T09:00:00.000Z'));
  for (const entry of [
    story.requested(),
    story.prechecked(),
    story.approved(),
    story.scheduled(),
    story.started(),
    story.ended('succeeded'),
    story.closed(),
  ]) {
    await append(signed(entry, keys));
  }
  sealedSize = (await log.seal()).size;
});

afterAll(async () => {
  await log.stop();
  await stack.stop();
});

async function append(body: EntryBody): Promise<void> {
  const key = `default/change-${story.changeId}/${body.type}/${randomUUID()}`;
  await appendEntry(stack.worker, { key, body });
}

const get = (path: string, sent: Sent = {}) => stack.api.call(`/v1/audit/${path}`, { as: 'dave', ...sent });

/** What was recorded of who has read. */
async function recorded(): Promise<EntryBody[]> {
  return (await stack.entries()).filter(({ type }) => type === 'audit.read' || type === 'audit.exported');
}
async function recordedBy(work: () => Promise<unknown>): Promise<EntryBody[]> {
  const before = (await recorded()).length;
  await work();
  return (await recorded()).slice(before);
}

test('entries are found by each filter, in order, with their leaf hashes', async () => {
  const all = (await get(`entries?changeId=${story.changeId.toUpperCase()}&to=${sealedSize}`)).body.items as {
    index: number;
    type: string;
    time: string;
    leafHash: string;
    attempt?: { requestId?: string };
  }[];
  expect(all.map(({ type }) => type)).toEqual([
    'change.requested',
    'change.prechecked',
    'decision.approved',
    'change.scheduled',
    'attempt.started',
    'attempt.succeeded',
    'change.closed',
  ]);
  expect(all.map(({ index }) => index)).toEqual([...all.map(({ index }) => index)].sort((a, b) => a - b));
  const [first, , , , started, ended] = all;
  const types = async (query: string) =>
    ((await get(`entries?${query}`)).body.items as { type: string }[]).map(({ type }) => type);
  expect(await types('type=attempt.started')).toEqual(['attempt.started']);
  expect(await types(`requestId=${ended?.attempt?.requestId ?? ''}`)).toEqual([
    'attempt.succeeded',
    'change.closed',
  ]);
  expect(await types('actor=bob')).toEqual(['decision.approved']);
  expect(await types(`actor=${encodeURIComponent('http://127.0.0.1:1 alice')}`)).toEqual([
    'change.requested',
  ]);
  expect(await types('actor=worker&type=change.closed')).toEqual(['change.closed']);
  expect(await types('outcome=OK')).toEqual(['attempt.succeeded']);
  expect(await types(`from=${started?.index ?? 0}&to=${ended?.index ?? 0}`)).toEqual(['attempt.started']);
  const time = encodeURIComponent(started?.time.replace('Z', '+00:00') ?? '');
  expect(await types(`timeFrom=${time}&timeTo=${ended?.time ?? ''}`)).toEqual(['attempt.started']);
  // The query itself may be sealed by then: it is an entry, too.
  expect(await types(`changeId=${randomUUID()}&to=${sealedSize}`)).toEqual([]);
  expect(first?.leafHash).toMatch(/^[0-9a-f]{64}$/);
});

test('pages follow one another, and the query is recorded once', async () => {
  const query = `changeId=${story.changeId}&type=attempt.started&limit=1`;
  await append(story.entry('attempt.started', { attempt: { ordinal: 2 } }));
  await append(story.entry('attempt.started', { attempt: { ordinal: 3 } }));
  await log.seal();
  const indexes: number[] = [];
  let cursor: string | null = '';
  const entries = await recordedBy(async () => {
    while (cursor !== null) {
      const { body } = await get(`entries?${query}${cursor === '' ? '' : `&cursor=${cursor}`}`);
      indexes.push(...(body.items as { index: number }[]).map(({ index }) => index));
      cursor = body.nextCursor as string | null;
    }
  });
  expect(indexes).toHaveLength(3);
  expect(new Set(indexes).size).toBe(3);
  expect(entries).toHaveLength(1);
  expect(entries[0]).toMatchObject({
    type: 'audit.read',
    changeId: story.changeId,
    actor: { subject: 'dave', roles: ['auditor'] },
    query: { changeId: story.changeId, type: 'attempt.started' },
    source: expect.stringContaining('127.0.0.1') as unknown,
  });
});

test('a cursor of another query, of somebody else, or made up is refused', async () => {
  const { nextCursor } = (await get('entries?limit=1')).body as { nextCursor: string };
  expect(nextCursor).toMatch(/^\d+\./);
  const codeOf = async (path: string, sent: Sent = {}) => (await get(path, sent)).body.errors?.[0]?.rule;
  expect(await codeOf(`entries?limit=1&type=change.closed&cursor=${nextCursor}`)).toBe('cursor');
  expect(await codeOf(`entries?limit=1&cursor=0.${randomUUID()}`)).toBe('cursor');
  const token = await stack.testbed.identity.tokenFor('erin', { sub: 'another', roles: ['auditor'] });
  expect(await codeOf(`entries?limit=1&cursor=${nextCursor}`, { token })).toBe('cursor');
  expect(await codeOf(`entries?limit=1&cursor=${nextCursor}`)).toBeUndefined();
});

test('the checkpoint is the signed note with its cosignature; a proof leads to it', async () => {
  const { note } = await log.seal();
  const entries = await recordedBy(async () => {
    const { text, headers } = await get('checkpoint');
    expect(text).toMatch(new RegExp(`^${keys.origin}\n\\d+\n`));
    expect(text.startsWith(note)).toBe(true);
    expect(text).toContain('— witness.test ');
    expect(headers.get('content-type')).toMatch(/^text\/plain/);
  });
  expect(entries).toMatchObject([
    { type: 'audit.read', query: { checkpoint: expect.any(Number) as unknown } },
  ]);

  const { rows } = await stack.worker.query<{ index: string; bytes: Buffer }>(
    'select l.index, e.bytes from audit.leaf l join audit.entry e on e.id = l.entry_id order by l.index limit 1 offset 3',
  );
  const [row] = rows;
  const { text } = await get(`entries/${row?.index ?? ''}/proof`);
  const trusted = {
    log: readNoteVerifier(keys.log.publicKey),
    witnesses: [readNoteVerifier(keys.witness.publicKey)],
  };
  const opened = verifyProof(parseProof(text), leafHash(row?.bytes ?? Buffer.alloc(0)), trusted);
  expect(opened.cosignatures).toHaveLength(1);
  expect(() => verifyProof(parseProof(text), leafHash(Buffer.from('other')), trusted)).toThrow();
  expect((await get('entries/999999/proof')).body.code).toBe('not_found');
  expect((await get('entries/x/proof')).body.code).toBe('invalid_request');
});

test('a pack of a change, of a range and of everything verifies, and each export is recorded', async () => {
  await stack.stored();
  const { size } = await log.seal();
  const ofApi = await readFile(stack.testbed.keys.publicKey, 'utf8');
  const exported = async (query: string) => {
    const response = await stack.api.open(`/v1/audit/export${query}`, { as: 'dave' });
    expect(response.headers.get('content-type')).toBe('application/gzip');
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="countersign-.*\.tgz"$/,
    );
    const path = await freshPath();
    await writeFile(path, Buffer.from(await response.arrayBuffer()));
    const verdict = await verified(path, `${keys.trusted}\n${ofApi}`);
    // Nobody asked for the two attempts that this file adds.
    expect(found(verdict).filter((f) => !f.startsWith('illogical'))).toEqual([]);
    return verdict;
  };
  const entries = await recordedBy(async () => {
    expect((await exported(`?changeId=${story.changeId}`)).covers).toMatchObject({ kind: 'change' });
    expect((await exported('?from=2&to=5&since=2')).covers).toEqual({ kind: 'range', from: 2, to: 5 });
    const everything = await exported('');
    expect(everything.covers).toEqual({ kind: 'range', from: 0, to: size });
    expect(everything.checked.entries).toBe(size);
    // Every refusal and every read of this log is signed by the API.
    expect(everything.checked.written).toBeGreaterThan(0);
    expect(everything.checked.unsigned).toEqual({});
  });
  expect(entries.map(({ type, query }) => [type, query])).toMatchObject([
    ['audit.exported', { kind: 'change', changeId: story.changeId, since: null, size }],
    ['audit.exported', { kind: 'range', from: 2, to: 5, entries: 3, since: 2 }],
    ['audit.exported', { kind: 'range', from: 0, to: size, entries: size }],
  ]);
});

test('the pack carries the verifier that its manifest names', async () => {
  const response = await stack.api.open('/v1/audit/export?from=0&to=1', { as: 'dave' });
  const files = await unpacked(Buffer.from(await response.arrayBuffer()));
  const verifier = files.find(({ name }) => name === 'verify.mjs')?.data.toString() ?? '';
  expect(verifier).toContain('node:crypto');
  expect(verifier).not.toMatch(/^import .* from "(?!node:)/m);
});

test.each([
  ['entries?limit=0', 'limit', 'minimum'],
  ['entries?type=x', 'type', 'one_of'],
  ['entries?from=-1', 'from', 'format'],
  ['entries?timeFrom=yesterday', 'timeFrom', 'format'],
  ['entries?what=1', 'what', 'unknown_field'],
  ['export?changeId=x', 'changeId', 'format'],
  [`export?changeId=${randomUUID()}&from=1`, 'changeId', 'alone'],
  ['export?to=999999', 'to', 'maximum'],
  ['export?from=3&to=2', 'from', 'maximum'],
  ['export?since=999999', 'since', 'maximum'],
])('%s is refused and not recorded', async (path, field, rule) => {
  const entries = await recordedBy(async () => {
    const { status, body } = await get(path);
    expect(status).toBe(400);
    expect(body.errors?.[0]).toMatchObject({ field, rule });
  });
  expect(entries).toEqual([]);
});

test('an export of nothing is 404', async () => {
  expect((await get(`export?changeId=${randomUUID()}`)).body.code).toBe('not_found');
});

test('an id that entries only mention is no change to export', async () => {
  const changeId = randomUUID();
  expect((await get(`entries?changeId=${changeId}`)).status).toBe(200);
  const mentions = (await stack.entries()).filter((entry) => entry.changeId === changeId);
  expect(mentions.map(({ type }) => type)).toEqual(['audit.read']);
  await log.seal();
  expect((await get(`export?changeId=${changeId}`)).body.code).toBe('not_found');
});

test.each(['entries', 'entries/0/proof', 'checkpoint', 'export'])(
  'whoever is no auditor gets nothing of %s, and that is recorded',
  async (path) => {
    const before = (await stack.entries()).length;
    const { status, body } = await get(path, { as: 'olga' });
    expect([status, body.code]).toEqual([403, 'missing_role']);
    expect((await stack.entries()).slice(before)).toMatchObject([
      {
        type: 'request.refused',
        outcome: 'missing_role',
        actor: { subject: 'olga' },
        wanted: { kind: 'audit' },
      },
    ]);
  },
);

test('what cannot be recorded is not answered', async () => {
  // This login may select and append nothing.
  const db = makePool({
    connectionString: stack.testbed.database.url('reader'),
    applicationName: 'test api',
  });
  onTestFinished(() => db.end());
  const api = await startReplica(stack.testbed, { db });
  onTestFinished(() => api.stop());
  for (const path of ['entries', 'entries/0/proof', 'checkpoint', 'export']) {
    const { status, text } = await api.call(`/v1/audit/${path}`, { as: 'dave' });
    expect(status, path).toBe(500);
    expect(text).not.toContain(story.changeId);
  }
});

test('a proof of an entry that was altered or removed says so in words', async () => {
  const superuser = new pg.Client({ connectionString: stack.testbed.database.url('superuser') });
  await superuser.connect();
  onTestFinished(() => superuser.end());
  const proofOf = (index: number) => get(`entries/${index}/proof`);
  expect((await proofOf(1)).status).toBe(200);
  const evil = `convert_to(replace(convert_from(bytes, 'UTF8'), '2026', '2025'), 'UTF8')`;
  await superuser.query(
    'alter table audit.entry disable trigger all; alter table audit.leaf disable trigger all',
  );
  await superuser.query(
    `update audit.entry set bytes = ${evil}, leaf_hash = sha256('\\x00'::bytea || ${evil})
      where id = (select entry_id from audit.leaf where index = 1)`,
  );
  const altered = await proofOf(1);
  expect(altered.body).toMatchObject({ status: 500, code: 'bad_proof' });
  expect(altered.body.detail).toMatch(/entry 1 cannot be proved: .*somebody has altered the log/);
  await superuser.query('delete from audit.leaf where index = 2');
  const removed = await proofOf(2);
  expect(removed.body).toMatchObject({ code: 'bad_proof' });
  expect(removed.body.detail).toMatch(/entry 2 cannot be proved: .*somebody has removed it/);
});
