import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { formatCheckpoint, openCheckpoint } from '../../audit/checkpoint.ts';
import { earlierCheckpoints, latestCheckpoint } from '../../audit/checkpoints.ts';
import { makeFrontier } from '../../audit/frontier.ts';
import { newMemory } from '../../audit/log-memory.ts';
import type { LogMemory } from '../../audit/log-memory.ts';
import { rootOf } from '../../audit/merkle.ts';
import { signNote } from '../../audit/note.ts';
import { readNoteSigner, readNoteVerifier } from '../../audit/note-key.ts';
import { preparePack } from '../../audit/pack/prepare-pack.ts';
import { readSealed } from '../../audit/pack/read-sealed.ts';
import { proveEntry } from '../../audit/prove.ts';
import { publishCheckpoint } from '../../audit/publish.ts';
import { refusalToSign } from '../../audit/refusal-to-sign.ts';
import { sequencePending } from '../../audit/sequence-pending.ts';
import { gatherEvidence } from '../../audit/signing-evidence.ts';
import { makeTreeReader } from '../../audit/tree-reader.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { Queryable } from '../../store/queryable.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { changeStory, withPolicies } from './change-story.ts';
import { makeKeys, signed } from './memory-log.ts';
import { found, saved, verified } from './pack-file.ts';

/**
 * What somebody can do who owns the server: past every trigger, rule and right, in a transaction that is undone at the end.
 * Then three look at it: whoever asks Postgres for a proof, the signer with what it remembers from before, and an auditor who
 * gets a pack and has an earlier checkpoint.
 */
let database: TestDatabase;
let superuser: pg.Client;
let memory: LogMemory;
/** What the auditor got long ago, of size 271, and what is published last, of size 343. */
let earlier: string;
let latest: string;

const keys = makeKeys();
const log = readNoteSigner(keys.log.privateKey);
const verifier = readNoteVerifier(keys.log.publicKey);
const [earlierSize, latestSize] = [271, 343];

function storyOf(began: string): EntryBody[] {
  const s = changeStory({ began });
  const entries = [
    s.requested(),
    s.prechecked(),
    s.approved(),
    s.scheduled(),
    s.started(1),
    s.ended('failed', 1),
  ];
  return [...entries, s.started(2), s.ended('succeeded', 2), s.closed()].map((body) => signed(body, keys));
}

async function append(db: Queryable, bodies: readonly EntryBody[]): Promise<void> {
  for (const body of bodies) await appendEntry(db, { key: `t/${randomUUID()}/${body.type}/1`, body });
  while ((await sequencePending(db, 500)) > 0);
}

const minute = (n: number): string => new Date(Date.parse('2026-11-24T00:00:00Z') + 60_000 * n).toISOString();
const stories = (count: number, from = 0): EntryBody[] =>
  Array.from({ length: count }, (_, n) => storyOf(minute(from + n))).flat();

/** Signs and publishes whatever tree there is: what the signer does, or who has stolen its key. */
async function seal(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ size: string }>('select size from audit.head');
  const size = Number(rows[0]?.size);
  const root = await rootOf(size, makeTreeReader(db));
  const note = signNote(formatCheckpoint({ origin: log.name, size, root }), [log]);
  await publishCheckpoint(db, { size, root, note });
  return note;
}

beforeAll(async () => {
  database = await cloneDatabase();
  superuser = new pg.Client({ connectionString: database.url('superuser') });
  await superuser.connect();
  await append(superuser, withPolicies(stories((earlierSize - 1) / 9)));
  earlier = await seal(superuser);
  await append(superuser, stories((latestSize - earlierSize) / 9, 100));
  latest = await seal(superuser);
  const { rows } = await superuser.query<{ leaf_hash: Buffer }>(
    'select e.leaf_hash from audit.leaf l join audit.entry e on e.id = l.entry_id order by l.index',
  );
  const frontier = makeFrontier();
  for (const { leaf_hash } of rows) frontier.append(leaf_hash);
  memory = {
    ...newMemory({
      origin: log.name,
      keys: [log.publicKey],
      time: minute(0),
      previous: null,
      accepted: null,
    }),
    size: frontier.size,
    root: frontier.root().toString('base64'),
    frontier: [...frontier.state().hashes],
    note: latest,
  };
});

afterAll(async () => {
  await superuser.end();
  await database.drop();
});

/** Runs SQL past all guards, lets somebody look, and undoes it. */
async function attacked<T>(statements: readonly string[], look: (db: pg.Client) => Promise<T>): Promise<T> {
  await superuser.query('begin');
  try {
    await superuser.query(
      `do $$ declare t regclass; rule text; begin
         for t in select c.oid::regclass from pg_class c where c.relnamespace = 'audit'::regnamespace and c.relkind = 'r' loop
           execute format('alter table %s disable trigger all', t);
         end loop;
         for rule in select conname from pg_constraint where conrelid = 'audit.entry'::regclass and contype = 'c' loop
           execute format('alter table audit.entry drop constraint %I', rule);
         end loop;
       end $$`,
    );
    for (const sql of statements) await superuser.query(sql);
    return await look(superuser);
  } finally {
    await superuser.query('rollback');
  }
}

/** Why the signer, with its memory of what it last signed, would sign nothing; null when it would. */
async function signerRefuses(db: Queryable): Promise<string | null> {
  return refusalToSign((await gatherEvidence(db, log.name, memory)).evidence);
}

/** Exports everything up to the last published checkpoint and verifies it, beside a checkpoint that the auditor has. */
async function auditorFinds(db: Queryable, since: string | null): Promise<string[]> {
  const { size, root, note } = (await latestCheckpoint(db)) ?? expect.fail();
  const sinceSize = since === null ? null : openCheckpoint(since, { log: verifier }).size;
  const pack = await preparePack(
    {
      entries: (covers, upTo) => readSealed(db, covers, upTo),
      read: makeTreeReader(db),
      earlierCheckpoints: (after, upTo) => earlierCheckpoints(db, after, upTo),
      checkpoint: { origin: log.name, size, root, note },
      verifier: Buffer.from('//\n'),
    },
    {
      covers: { kind: 'range', from: 0, to: null },
      since: sinceSize !== null && sinceSize <= size ? sinceSize : null,
    },
  );
  const verdict = await verified(await saved(pack.stream()), keys.trusted, since);
  return found(verdict);
}

const entryAt = (index: number): string => `(select entry_id from audit.leaf where index = ${index})`;
const rebuild = ['delete from audit.tile', 'select audit.extend_tree(0, size) from audit.head'];
const forget = (size: number): string[] => [
  `delete from audit.cosignature where size > ${size}`,
  `delete from audit.checkpoint where size > ${size}`,
];
const forgetAll = forget(-1);
const edited = `convert_to(replace(convert_from(bytes, 'UTF8'), '"target":"cn-hangzhou', '"target":"cn-shanghai'), 'UTF8')`;
const editBytes = (index: number): string =>
  `update audit.entry set bytes = ${edited} where id = ${entryAt(index)}`;
const edit = (index: number): string =>
  `update audit.entry set bytes = ${edited}, leaf_hash = sha256('\\x00'::bytea || ${edited}) where id = ${entryAt(index)}`;
const swap = (a: number, b: number): string[] => [
  'alter table audit.leaf drop constraint leaf_entry_id_key',
  `update audit.leaf l set entry_id = case index when ${a} then ${entryAt(b)} else ${entryAt(a)} end where index in (${a}, ${b})`,
];
const forge = `with forged as (
    insert into audit.entry (event_key, bytes, leaf_hash, type, actor, time)
    select 'forged', b, sha256('\\x00'::bytea || b), 'integrity.conflict', 'worker', '2026-11-24T01:00:00.000Z'
      from (select convert_to('{"actor":{"process":"worker"},"changeId":null,"operation":null,"target":null,"time":"2026-11-24T01:00:00.000Z","type":"integrity.conflict","v":1}', 'UTF8')) f (b)
    returning id) `;
const insertAt = (index: number): string[] => [
  `update audit.leaf set index = index + 1000000 where index >= ${index}`,
  `update audit.leaf set index = index - 999999 where index >= 1000000`,
  `${forge} insert into audit.leaf (index, entry_id) select ${index}, id from forged`,
  'update audit.head set size = size + 1',
];
const cutTo = (size: number): string[] => [
  ...forget(size),
  `create temporary table cut on commit drop as select entry_id from audit.leaf where index >= ${size}`,
  `delete from audit.leaf where index >= ${size}`,
  'delete from audit.entry where id in (select entry_id from cut)',
  `delete from audit.tile where (index + 1) * 256 > ${size}`,
  `update audit.head set size = ${size}`,
];
const empty = [...cutTo(0), ...forgetAll];

test('left alone, nobody finds anything', async () => {
  await attacked([], async (db) => {
    expect(await signerRefuses(db)).toBeNull();
    expect(await auditorFinds(db, earlier)).toEqual([]);
    expect(await auditorFinds(db, latest)).toEqual([]);
    for (const index of [0, 255, 256, 342]) {
      await proveEntry(db, index, (await latestCheckpoint(db)) ?? expect.fail());
    }
  });
});

describe('rows are changed, and the tree left as it was: whoever reads finds it', () => {
  test.each<[string, string[], number, string[]]>([
    ['an entry’s bytes edited', [editBytes(100)], 100, ['altered@100']],
    ['an entry edited, its hash with it', [edit(100)], 100, ['altered@100']],
    ['an entry of the last, incomplete tile edited', [edit(300)], 300, ['altered:other_tree@271']],
    ['two leaves swapped', swap(11, 12), 11, ['illogical:decision_not_awaited@11', 'reordered@11']],
    [
      'an interior row deleted',
      ['delete from audit.leaf where index = 121'],
      121,
      ['illogical:attempt_without_approval@121', 'missing@121'],
    ],
  ])('%s', async (_, statements, index, findings) => {
    await attacked(statements, async (db) => {
      await expect(
        proveEntry(db, index, (await latestCheckpoint(db)) ?? expect.fail()),
      ).rejects.toMatchObject({
        code: expect.stringMatching(/^(bad_proof|integrity_conflict)$/) as string,
      });
      expect(await auditorFinds(db, null)).toEqual(expect.arrayContaining(findings));
    });
  });

  test('a derived column edited: what the bytes give is compared', async () => {
    await attacked([`update audit.entry set outcome = 'approved' where id = ${entryAt(50)}`], async (db) => {
      expect(await auditorFinds(db, null)).toEqual(['altered:column@50']);
    });
  });

  test('a change’s id edited in its column, to hide the entry: the log shows what its bytes say', async () => {
    await attacked([`update audit.entry set change_id = null where id = ${entryAt(50)}`], async (db) => {
      expect(await auditorFinds(db, null)).toEqual(['altered:column@50']);
    });
  });
});

describe('the tree is made to fit, without the key: the signer refuses, and the old checkpoint does not match', () => {
  test.each<[string, string[], string]>([
    ['an entry edited', [edit(100), ...rebuild], 'log_rewritten'],
    ['two leaves swapped', [...swap(10, 11), ...rebuild], 'log_rewritten'],
    ['a forged row in the middle', [...insertAt(100), ...rebuild], 'log_rewritten'],
    [
      'an interior row deleted, the rest moved up',
      [
        'delete from audit.leaf where index = 120',
        'update audit.leaf set index = index + 1000000 where index > 120',
        'update audit.leaf set index = index - 1000001 where index >= 1000000',
        'update audit.head set size = size - 1',
        ...rebuild,
      ],
      'log_truncated',
    ],
    ['the tail cut, with its checkpoints', cutTo(earlierSize), 'log_truncated'],
    ['the tail cut inside a tile', cutTo(200), 'log_truncated'],
  ])('%s', async (_, statements, refusal) => {
    await attacked(statements, async (db) => {
      expect(await signerRefuses(db)).toBe(refusal);
      if ((await latestCheckpoint(db)) === null) return;
      expect(await auditorFinds(db, latest)).not.toEqual([]);
    });
  });
});

describe('everything is rewritten consistently and signed again with the stolen key', () => {
  // Whoever has no earlier checkpoint cannot tell: that is what the last column says.
  test.each<[string, string[], EntryBody[], string[], string[], string[]]>([
    ['the tail cut', cutTo(earlierSize), [], [], ['stale'], []],
    ['restored from an older copy and appended to', cutTo(earlierSize), stories(10, 300), [], ['forked'], []],
    ['the whole log replaced', empty, withPolicies(stories(41, 500)), ['forked'], ['forked'], []],
    [
      'two leaves swapped',
      [...swap(181, 190), ...rebuild, ...forgetAll],
      [],
      ['forked'],
      ['forked'],
      ['illogical:not_requested@182', 'illogical:requested_twice@190'],
    ],
    [
      'a forged row in the middle',
      [...insertAt(99), ...rebuild, ...forgetAll],
      [],
      ['forked'],
      ['forked'],
      [],
    ],
  ])('%s', async (_, statements, appended, withEarlier, withLatest, withNone) => {
    await attacked(statements, async (db) => {
      await append(db, appended);
      await seal(db);
      expect(await signerRefuses(db)).not.toBeNull();
      const kinds = (all: string[]): string[] => all.map((finding) => finding.split(/[:@]/)[0] ?? '');
      expect(kinds(await auditorFinds(db, earlier))).toEqual(expect.arrayContaining(withEarlier));
      expect(kinds(await auditorFinds(db, latest))).toEqual(expect.arrayContaining(withLatest));
      expect(await auditorFinds(db, null)).toEqual(withNone);
    });
  });
});

test('a row back-dated at the end is an entry like any other: its place says when it came', async () => {
  await attacked([], async (db) => {
    const published = (await latestCheckpoint(db)) ?? expect.fail();
    await db.query(`${forge} insert into audit.leaf (index, entry_id) select ${latestSize}, id from forged`);
    await db.query('update audit.head set size = size + 1');
    // It says 01:00, and what came long after that is before it.
    const { rows } = await db.query<{ time: Date }>(
      `select e.time from audit.leaf l join audit.entry e on e.id = l.entry_id where l.index >= ${latestSize - 1} order by l.index`,
    );
    expect(rows[0]?.time.getTime()).toBeGreaterThan(rows[1]?.time.getTime() ?? Infinity);
    expect(await signerRefuses(db)).toBeNull();
    await seal(db);
    await expect(proveEntry(db, latestSize, published)).rejects.toMatchObject({ code: 'not_found' });
    expect(await auditorFinds(db, latest)).toEqual([]);
  });
});

test('a back-dated approval is one that the API did not sign', async () => {
  const s = changeStory({ began: minute(60) });
  await attacked([], async (db) => {
    await append(
      db,
      [s.requested(), s.prechecked()].map((body) => signed(body, keys)),
    );
    await append(db, [s.approved()]);
    await seal(db);
    expect(await auditorFinds(db, latest)).toEqual([expect.stringMatching(/^badly_signed/) as string]);
  });
});

test('two logs shown to two auditors: each is valid, and together they are not', async () => {
  const shown: string[] = [];
  for (const n of [1, 2]) {
    await attacked([], async (db) => {
      await append(db, stories(1, 700 + n));
      shown.push(await seal(db));
      expect(await auditorFinds(db, latest)).toEqual([]);
      if (n === 2) expect(await auditorFinds(db, shown[0] ?? null)).toEqual(['forked']);
    });
  }
  expect(shown[0]).not.toBe(shown[1]);
});
