import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { formatCheckpoint, openCheckpoint } from '../../audit/checkpoint.ts';
import { checkpointFrom, earlierCheckpoints, latestCheckpoint } from '../../audit/checkpoints.ts';
import { consistencyProof, emptyRoot, inclusionProof, rootOf } from '../../audit/merkle.ts';
import { signNote, signatureLine } from '../../audit/note.ts';
import { generateNoteKey, readNoteSigner, readNoteVerifier } from '../../audit/note-key.ts';
import { proveConsistency, proveEntry } from '../../audit/prove.ts';
import { publishCheckpoint, publishCosignature } from '../../audit/publish.ts';
import { sequencePending } from '../../audit/sequence-pending.ts';
import { verifyProof } from '../../audit/tlog-proof.ts';
import { makeTreeReader } from '../../audit/tree-reader.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { makePool } from '../../store/pool.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { draft } from './entry-fixture.ts';
import { readerOf } from './memory-tree.ts';

let database: TestDatabase;
let worker: pg.Pool;
let signer: pg.Pool;
let reader: pg.Pool;

const log = readNoteSigner(generateNoteKey('example.com/log').privateKey);
const witness = readNoteSigner(generateNoteKey('w.example.com', 'cosignature/v1').privateKey);
const keys = {
  log: readNoteVerifier(log.publicKey),
  witnesses: [readNoteVerifier(witness.publicKey)],
};

beforeAll(async () => {
  database = await cloneDatabase();
  worker = makePool({ connectionString: database.url('worker'), applicationName: 'test' });
  signer = makePool({ connectionString: database.url('signer'), applicationName: 'test' });
  reader = makePool({ connectionString: database.url('reader'), applicationName: 'test' });
});

afterAll(async () => {
  await Promise.all([worker.end(), signer.end(), reader.end()]);
  await database.drop();
});

async function grow(count: number, batch: number): Promise<void> {
  await inTransaction(worker, async (client) => {
    for (let n = 0; n < count; n++) await appendEntry(client, draft());
  });
  while ((await sequencePending(signer, batch)) > 0);
}

async function leaves(): Promise<Buffer[]> {
  const { rows } = await reader.query<{ leaf_hash: Buffer }>(
    'select e.leaf_hash from audit.leaf l join audit.entry e on e.id = l.entry_id order by l.index',
  );
  return rows.map((row) => row.leaf_hash);
}

async function signed(size: number, root?: Buffer): Promise<{ size: number; root: Buffer; note: string }> {
  const of = root ?? (await rootOf(size, makeTreeReader(reader)));
  return { size, root: of, note: signNote(formatCheckpoint({ origin: log.name, size, root: of }), [log]) };
}

test('the tree in the database is that of its leaves, at each size and in whatever batches it grew', async () => {
  const read = makeTreeReader(reader);
  expect(await rootOf(0, read)).toEqual(emptyRoot);
  for (const [count, batch] of [
    [5, 1],
    [251, 100],
    [1, 1],
    [600, 255],
    [430, 1000],
  ] as const) {
    await grow(count, batch);
    const all = await leaves();
    const memory = readerOf(all);
    for (const size of [1, 4, 255, 256, 257, 512, 767, 768, all.length].filter((n) => n <= all.length)) {
      expect(await rootOf(size, read)).toEqual(await rootOf(size, memory));
      for (const index of [0, 3, 255, 256, 700, size - 1].filter((n) => n < size)) {
        expect(await inclusionProof(index, size, read)).toEqual(await inclusionProof(index, size, memory));
      }
      for (const from of [1, 100, 256, 511, size].filter((n) => n <= size)) {
        expect(await consistencyProof(from, size, read)).toEqual(await consistencyProof(from, size, memory));
      }
    }
  }
  const { rows } = await reader.query('select level, index::int from audit.tile order by level, index');
  expect(rows).toEqual([0, 1, 2, 3, 4].map((index) => ({ level: 0, index })));
});

test('a tile of tiles is written with the last of 256, and the levels above are read from it', async () => {
  // Tiles by themselves, without the 65,536 leaves below, in a transaction that is undone.
  const migrator = new pg.Client({ connectionString: database.url('migrator') });
  await migrator.connect();
  onTestFinished(() => migrator.end());
  await migrator.query('begin');
  await migrator.query(
    `select audit.add_tile(0, n, decode(repeat(encode(sha256(n::text::bytea), 'hex'), 256), 'hex'))
       from generate_series(1000 * 256, 1001 * 256 - 1) n`,
  );
  const { rows } = await migrator.query<{ level: number; index: string; root: Buffer }>(
    'select level, index, root from audit.tile where index >= 1000 or level > 0 order by level desc, index',
  );
  expect(rows.length).toBe(257);
  const [above, ...below] = rows;
  expect(above).toMatchObject({ level: 1, index: '1000' });
  const roots = below.map((row) => row.root);
  const read = makeTreeReader(migrator);
  expect(await readerOf(roots)([{ level: 8, index: 0 }])).toEqual([above?.root]);
  expect(
    await read([
      { level: 8, index: 256_000 },
      { level: 11, index: 32_001 },
      { level: 15, index: 2001 },
    ]),
  ).toEqual(
    await readerOf(roots)([
      { level: 0, index: 0 },
      { level: 3, index: 1 },
      { level: 7, index: 1 },
    ]),
  );
  // As incomplete as the tile above that one is: from the roots of the level below.
  expect(await read([{ level: 16, index: 1000 }])).toEqual([above?.root]);
});

test('a node that is not complete is not made up', async () => {
  const size = (await leaves()).length;
  for (const node of [
    { level: 0, index: size },
    { level: 4, index: Math.floor(size / 16) },
    { level: 8, index: Math.floor(size / 256) },
    { level: 16, index: 0 },
  ]) {
    await expect(makeTreeReader(reader)([node])).rejects.toMatchObject({ code: 'integrity_conflict' });
  }
});

describe('checkpoints', () => {
  test('only grow, once each, never beyond the log, and tell who listens', async () => {
    expect(await latestCheckpoint(reader)).toBeNull();
    const listener = new pg.Client({ connectionString: database.url('worker') });
    await listener.connect();
    onTestFinished(() => listener.end());
    const heard: string[] = [];
    listener.on('notification', ({ payload }) => void heard.push(payload ?? ''));
    await listener.query('listen countersign_sealed');

    const first = await signed(300);
    expect(await publishCheckpoint(signer, first)).toBe(true);
    expect(await publishCheckpoint(signer, first)).toBe(false);
    expect(await latestCheckpoint(reader)).toMatchObject(first);

    const size = (await leaves()).length;
    const refused = [
      await signed(300, emptyRoot),
      await signed(299),
      await signed(size + 1, emptyRoot),
      { ...(await signed(400)), size: 401 },
      { ...(await signed(400)), root: emptyRoot },
      { ...(await signed(400)), note: '' },
    ];
    for (const checkpoint of refused) {
      await expect(publishCheckpoint(signer, checkpoint)).rejects.toMatchObject({
        code: 'integrity_conflict',
      });
    }
    expect(await latestCheckpoint(reader)).toMatchObject(first);
    for (const role of [worker, reader]) {
      await expect(publishCheckpoint(role, await signed(400))).rejects.toMatchObject({
        code: 'invalid_configuration',
      });
    }
    // 20 publishers of one, at once.
    const next = await signed(400);
    const published = await Promise.all(Array.from({ length: 20 }, () => publishCheckpoint(signer, next)));
    expect(published.filter(Boolean)).toHaveLength(1);
    while (heard.length < 2) await listener.query('select 1');
    expect(heard).toEqual(['300', '400']);
    expect(await checkpointFrom(reader, 0)).toMatchObject(first);
    expect(await checkpointFrom(reader, 301)).toMatchObject(next);
    expect(await checkpointFrom(reader, 401)).toBeNull();
  });

  test('carry the last cosignature of each witness', async () => {
    const { size, root, note } = (await latestCheckpoint(reader)) ?? expect.fail();
    const text = formatCheckpoint({ origin: log.name, size, root });
    for (const time of ['2026-11-24T09:00:00Z', '2026-11-24T10:00:00Z', '2026-11-24T10:00:00Z']) {
      const cosignedAt = new Date(time);
      const line = signatureLine(text, witness, cosignedAt.getTime()).trimEnd();
      const cosignature = { size, witness: witness.name, cosignedAt, line };
      const fresh = await publishCosignature(signer, cosignature);
      expect(await publishCosignature(signer, cosignature)).toBe(false);
      if (fresh) {
        await expect(publishCosignature(worker, cosignature)).rejects.toMatchObject({
          code: 'invalid_configuration',
        });
      }
      await expect(publishCosignature(signer, { ...cosignature, witness: 'other' })).rejects.toMatchObject({
        code: 'integrity_conflict',
      });
    }
    const latest = (await latestCheckpoint(reader)) ?? expect.fail();
    expect(latest.note.startsWith(note)).toBe(true);
    expect(openCheckpoint(latest.note, keys).cosignatures).toMatchObject([
      { name: witness.name, time: Date.parse('2026-11-24T10:00:00Z') / 1000 },
    ]);
  });
});

describe('proofs', () => {
  test('are of the checkpoint’s size, however much the log has grown', async () => {
    const checkpoint = (await latestCheckpoint(reader)) ?? expect.fail();
    await grow(100, 100);
    const all = await leaves();
    for (const index of [0, 255, 256, 399]) {
      const proof = await proveEntry(reader, index, checkpoint);
      expect(verifyProof(proof, all[index] as Buffer, keys)).toMatchObject({ size: 400 });
    }
    for (const index of [400, all.length - 1, all.length, -1, 1.5]) {
      await expect(proveEntry(reader, index, checkpoint)).rejects.toMatchObject({ code: 'not_found' });
    }
  });

  test('that a checkpoint continues an earlier one, and that another does not', async () => {
    const to = (await latestCheckpoint(reader)) ?? expect.fail();
    for (const size of [0, 1, 256, 300, 400]) {
      const from = { size, root: await rootOf(size, makeTreeReader(reader)) };
      expect(await proveConsistency(reader, from, to)).toEqual(
        await consistencyProof(size, to.size, readerOf(await leaves())),
      );
      const forked = { size, root: (await leaves())[0] as Buffer };
      if (size === 1) continue;
      await expect(proveConsistency(reader, forked, to)).rejects.toMatchObject({ code: 'bad_proof' });
    }
    await expect(proveConsistency(reader, to, await signed(399))).rejects.toMatchObject({
      code: 'bad_proof',
    });
  });
});

test('of earlier checkpoints some are found all over a range, and every one of its last tile', async () => {
  const last = (await leaves()).length;
  for (let size = 401; size <= last; size++) await publishCheckpoint(signer, await signed(size));
  const sizes = async (from: number, to: number): Promise<number[]> =>
    (await earlierCheckpoints(reader, from, to)).map((note) => openCheckpoint(note, keys).size);
  const upTo = (from: number, to: number): number[] =>
    Array.from({ length: to - from }, (_, n) => from + 1 + n);

  expect(await sizes(1000, 1200)).toEqual(upTo(1000, 1200));
  expect(await sizes(0, 299)).toEqual([]);
  expect(await sizes(last, last)).toEqual([]);
  const tail = Math.floor(last / 256) * 256;
  const [stretch, found] = [Math.ceil(last / 256), await sizes(0, last)];
  expect(found.filter((size) => size > tail)).toEqual(upTo(tail, last));
  const before = found.filter((size) => size <= tail);
  // Its stretch has 401 and 402 as well, which no witness has cosigned.
  expect(before.slice(0, 2)).toEqual([300, 400]);
  const cosigned = (await earlierCheckpoints(reader, 0, last)).map((note) => openCheckpoint(note, keys));
  expect(cosigned.filter(({ cosignatures }) => cosignatures.length > 0)).toMatchObject([
    { size: 400, cosignatures: [{ time: Date.parse('2026-11-24T09:00:00Z') / 1000 }] },
  ]);
  expect(before.at(-1)).toBe(tail);
  before.slice(3).forEach((size, n) => expect(size - (before[n + 2] ?? 0)).toBeLessThanOrEqual(stretch));
  expect(before.length).toBeLessThanOrEqual(256);
  expect(before.length).toBeGreaterThan((tail - 400) / stretch - 1);
});

test('among 100,000 checkpoints those are found by the index alone', async () => {
  const superuser = makePool({ connectionString: database.url('superuser'), applicationName: 'test' });
  const [from, to] = [10_000, 310_000];
  try {
    await superuser.query(
      `insert into audit.checkpoint (size, root, note)
       select ${from} + 3 * n, sha256('x'), 'note ' || n from generate_series(1, 100000) n`,
    );
    await superuser.query('analyze audit.checkpoint');
  } finally {
    await superuser.end();
  }
  const explained: string[] = [];
  const explaining = {
    async query(sql: string, parameters: unknown[]) {
      const { rows } = await reader.query<{ 'QUERY PLAN': string }>(
        `explain (analyze, buffers) ${sql}`,
        parameters,
      );
      explained.push(...rows.map((row) => row['QUERY PLAN']));
      return { rows: [] };
    },
  };
  await earlierCheckpoints(explaining as unknown as pg.Pool, from, to);
  const plan = explained.join('\n');
  expect(plan).not.toContain('Seq Scan on');
  // Some 4 blocks for each of 256 stretches and for each that is found; the table has thousands.
  expect(Number(/Buffers: shared hit=(\d+)/.exec(plan)?.[1])).toBeLessThan(2_500);
  const found = await earlierCheckpoints(reader, from, to);
  expect(found.length).toBeGreaterThan(256);
  expect(found.length).toBeLessThanOrEqual(511);
});
