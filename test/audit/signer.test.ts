import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeFileAnchor } from '../../audit/anchor.ts';
import { appendEntry } from '../../audit/append.ts';
import { openCheckpoint } from '../../audit/checkpoint.ts';
import { openLogMemory } from '../../audit/log-memory.ts';
import { openNote } from '../../audit/note.ts';
import { proveConsistency } from '../../audit/prove.ts';
import { startSequencer } from '../../audit/sequencer.ts';
import { shownSigners } from '../../audit/shown-sessions.ts';
import { makePool } from '../../store/pool.ts';
import { eventually } from '../support/service.ts';
import { smallDisk } from '../support/small-disk.ts';
import { draft } from './entry-fixture.ts';
import { signerTestbed } from './signer-testbed.ts';
import type { SignerTestbed } from './signer-testbed.ts';
import { keyPair } from './tree-fixture.ts';

/** Every checkpoint verifies, and each continues the one before. */
async function expectOneHistory(testbed: SignerTestbed, key = testbed.key): Promise<void> {
  const notes = await testbed.checkpoints();
  const opened = notes.map(({ note }) => openCheckpoint(note, { log: key.verifier }));
  for (const [i, to] of opened.entries()) {
    const from = opened[i - 1];
    if (from) await proveConsistency(testbed.signerPool, from, to);
  }
}

describe('a log that grows', () => {
  test('begins with log.started, and each checkpoint verifies, is remembered and anchored', async () => {
    const testbed = await signerTestbed();
    testbed.signer();
    const begun = `select from audit.entry where type = 'log.started'`;
    await eventually(async () => ((await testbed.superuser.query(begun)).rowCount === 1 ? true : null));
    for (const count of [1, 5, 300]) {
      await testbed.grow(count);
      await testbed.signed();
    }
    const { rows } = await testbed.superuser.query<{ type: string; bytes: Buffer }>(
      'select e.type, e.bytes from audit.entry e order by e.id limit 1',
    );
    expect(rows[0]?.type).toBe('log.started');
    expect(JSON.parse(String(rows[0]?.bytes))).toMatchObject({
      origin: testbed.key.signer.name,
      keys: [testbed.key.publicKey],
      previous: null,
    });
    await expectOneHistory(testbed);
    const last = (await testbed.checkpoints()).at(-1);
    const memory = await testbed.remembered();
    expect(memory).toMatchObject({ size: last?.size, note: last?.note, refusal: null });
    await testbed.anchored();
  });

  test('a call’s entry is signed at once, others are gathered', async () => {
    const testbed = await signerTestbed();
    testbed.signer({ groupMs: 600_000 });
    const sequencer = startSequencer({ pool: testbed.signerPool });
    await eventually(async () => ((await testbed.size()) > 0 ? true : null));
    for (let n = 0; n < 20; n += 1) await appendEntry(testbed.worker, draft());
    await eventually(async () => ((await testbed.size()) === 21 ? true : null));
    expect(await testbed.checkpoints()).toEqual([]);
    await appendEntry(testbed.worker, draft('attempt.started'));
    await testbed.signed();
    expect(await testbed.checkpoints()).toHaveLength(1);
    await sequencer.stop();
  });

  test('a note over the same tree is the same bytes, after a restart and without new entries', async () => {
    const testbed = await signerTestbed();
    const first = testbed.signer();
    await testbed.grow(3);
    await testbed.signed();
    const anchored = await testbed.anchored();
    await first.stop();
    const before = await testbed.checkpoints();
    const published: number[] = [];
    testbed.signer({ onPublished: ({ size }) => void published.push(size) });
    await eventually(() => Promise.resolve(published.length > 0 ? true : null));
    expect(await testbed.checkpoints()).toEqual(before);
    expect(await testbed.anchored()).toBe(anchored);
  });

  test('what was remembered and not published is published, the same bytes', async () => {
    const testbed = await signerTestbed();
    const dying = testbed.signer({
      at: (point) => {
        if (point === 'remembered') throw new Error('killed');
      },
    });
    await testbed.grow(3);
    const note = await eventually(async () => (await testbed.remembered())?.note ?? null);
    await dying.stop();
    expect(await testbed.checkpoints()).toEqual([]);
    testbed.signer();
    await eventually(async () => ((await testbed.checkpoints())[0]?.note === note ? true : null));
  });

  test('other keys under the same name are announced, and all of them sign', async () => {
    const testbed = await signerTestbed();
    const first = testbed.signer();
    await testbed.grow(2);
    await testbed.signed();
    await first.stop();
    const other = keyPair(testbed.key.signer.name);
    testbed.signer({ keys: () => Promise.resolve([testbed.key.signer, other.signer]) });
    await testbed.grow(1);
    await eventually(async () => {
      const { rows } = await testbed.superuser.query<{ bytes: Buffer }>(
        `select bytes from audit.entry where type = 'key.rotated'`,
      );
      return rows.length === 1 ? true : null;
    });
    await testbed.signed();
    const note = (await testbed.checkpoints()).at(-1)?.note ?? '';
    expect(openNote(note, [testbed.key.verifier, other.verifier]).signatures).toHaveLength(2);
    await expectOneHistory(testbed);
  });

  test('clocks do not matter: nothing that is signed has a time', async () => {
    const testbed = await signerTestbed();
    for (const now of [0, Date.now() + 1e11, 1]) {
      const signer = testbed.signer({ now: () => now });
      await testbed.grow(2);
      await testbed.signed();
      await signer.stop();
    }
    await expectOneHistory(testbed);
  });
});

test('a memory on a full disk: nothing is published that is not remembered, and with room again it goes on', async (context) => {
  const disk = await smallDisk(context, '1m');
  const folder = join(disk.path, 'memory');
  const memory = await openLogMemory(folder);
  const testbed = await signerTestbed();
  let signings = 0;
  const signer = testbed.signer({
    memory,
    at: (point) => {
      if (point === 'signed') signings += 1;
    },
  });
  await testbed.grow(3);
  await testbed.signed();
  const [before, kept] = [await testbed.checkpoints(), await memory.read()];
  await disk.fill();
  const signedBefore = signings;
  await testbed.grow(3);
  await eventually(() => Promise.resolve(signings >= signedBefore + 3 ? true : null));
  expect(await testbed.checkpoints()).toEqual(before);
  expect(await memory.read()).toEqual(kept);
  expect(signer.told.some((line) => line.includes('session lost'))).toBe(true);
  await disk.free();
  await testbed.signed();
  await expectOneHistory(testbed);
  expect((await memory.read())?.value).toMatchObject({ size: await testbed.size(), refusal: null });
  await signer.stop();
  // No half of anything is left.
  expect((await readdir(folder)).filter((name) => !name.endsWith('.json'))).toEqual([]);
});

/** Grown and signed, then the signer stopped. */
async function signedTestbed(count = 10): Promise<SignerTestbed> {
  const testbed = await signerTestbed();
  const signer = testbed.signer();
  await testbed.grow(count);
  await testbed.signed();
  await signer.stop();
  return testbed;
}

/** A new signer refuses with this code, signs nothing, and so does the next one. */
async function expectRefusal(testbed: SignerTestbed, code: string): Promise<void> {
  const before = await testbed.checkpoints();
  const first = testbed.signer();
  await eventually(
    () => Promise.resolve(first.refusal() === code ? true : null),
    () => `${first.refusal() ?? 'none'} ${first.told.join()}`,
  );
  await eventually(() => Promise.resolve(first.told.some((line) => line.startsWith('fatal')) ? true : null));
  await first.stop();
  await testbed.grow(2).catch(() => undefined);
  const second = testbed.signer();
  await eventually(() => Promise.resolve(second.refusal() === code ? true : null));
  await second.stop();
  expect(await testbed.checkpoints()).toEqual(before);
  expect((await testbed.remembered())?.refusal?.code).toBe(code);
}

describe('the signer refuses', () => {
  test('without its memory, where the log has begun', async () => {
    const testbed = await signedTestbed();
    const elsewhere = await openLogMemory(join(testbed.home, 'elsewhere'));
    const signer = testbed.signer({ memory: elsewhere });
    await eventually(() => Promise.resolve(signer.refusal() === 'memory_missing' ? true : null));
    await signer.stop();
    // Also where the checkpoints were removed.
    await testbed.asSuperuser('delete from audit.checkpoint');
    const another = await openLogMemory(join(testbed.home, 'another'));
    const next = testbed.signer({ memory: another });
    await eventually(() => Promise.resolve(next.refusal() === 'memory_missing' ? true : null));
    expect(await testbed.checkpoints()).toEqual([]);
  });

  test('with an older copy of its memory', async () => {
    const testbed = await signedTestbed();
    const kept = await testbed.memory.read();
    const old = await openLogMemory(join(testbed.home, 'old'));
    if (kept) await old.follow(null, kept.value);
    const signer = testbed.signer();
    await testbed.grow(3);
    await testbed.signed();
    await signer.stop();
    const stale = testbed.signer({ memory: old });
    await eventually(() => Promise.resolve(stale.refusal() === 'memory_behind' ? true : null));
  });

  test('with a spoilt memory it does not even begin', async () => {
    const testbed = await signedTestbed();
    const kept = await testbed.memory.read();
    await writeFile(join(testbed.home, 'memory', '000000099999.json'), '{');
    const signer = testbed.signer();
    await testbed.grow(1);
    await eventually(() => Promise.resolve(signer.told.length > 0 ? true : null));
    expect((await testbed.checkpoints()).at(-1)?.size).toBe(kept?.value.size);
  });

  test('a log restored from an older backup, before and after something is appended', async () => {
    const testbed = await signedTestbed(4);
    const backup = await testbed.backUp();
    const signer = testbed.signer();
    await testbed.grow(6);
    await testbed.signed();
    await signer.stop();
    await backup.restore();
    await testbed.grow(9);
    await expectRefusal(testbed, 'log_rewritten');
  });

  test('a log restored while it runs', async () => {
    const testbed = await signedTestbed(4);
    const backup = await testbed.backUp();
    const signer = testbed.signer();
    await testbed.grow(6);
    await testbed.signed();
    await backup.restore();
    await eventually(() => Promise.resolve(signer.refusal() === 'log_truncated' ? true : null));
  });

  const replaced = `convert_to(replace(convert_from(bytes, 'UTF8'), '"test"', '"evil"'), 'UTF8')`;
  const rewrite = (where: string): string =>
    `update audit.entry set bytes = ${replaced}, leaf_hash = sha256('\\x00'::bytea || ${replaced})
      where bytes <> ${replaced} and ${where}`;
  const remake = ['delete from audit.tile', 'select audit.extend_tree(0, (select size from audit.head))'];

  test.each<[string, string, number, string[]]>([
    [
      'an entry rewritten with its hash',
      'log_rewritten',
      10,
      [
        rewrite(
          `id = (select id from audit.entry where type = 'change.requested' order by id offset 3 limit 1)`,
        ),
      ],
    ],
    ['everything rewritten consistently, tiles too', 'log_rewritten', 600, [rewrite('true'), ...remake]],
    [
      'two leaves swapped',
      'log_rewritten',
      10,
      [
        'create temp table swap as select index, entry_id from audit.leaf where index in (3, 7)',
        'delete from audit.leaf where index in (3, 7)',
        'insert into audit.leaf select 10 - index, entry_id from swap',
      ],
    ],
    [
      'an entry removed from the middle',
      'log_rewritten',
      10,
      [
        'delete from audit.leaf where index = 5',
        'update audit.leaf set index = index - 1 where index > 5',
        'insert into audit.leaf select 10, id from audit.entry where id not in (select entry_id from audit.leaf)',
      ],
    ],
    [
      'the tail cut off with its checkpoints',
      'log_truncated',
      10,
      [
        'delete from audit.checkpoint',
        'delete from audit.leaf where index > 5',
        'update audit.head set size = 6',
      ],
    ],
    [
      'the whole log emptied',
      'log_truncated',
      10,
      [
        'delete from audit.checkpoint',
        'truncate audit.leaf, audit.pending',
        'update audit.head set size = 0',
      ],
    ],
    ['the head removed', 'log_truncated', 10, ['delete from audit.head']],
    [
      'another checkpoint published in its place',
      'log_forked',
      10,
      [
        `update audit.checkpoint set root = sha256('x'), note = replace(note, encode(root, 'base64'), encode(sha256('x'), 'base64'))`,
      ],
    ],
  ])('%s', async (_, code, count, statements) => {
    const testbed = await signedTestbed(count);
    await testbed.asSuperuser(...statements);
    await expectRefusal(testbed, code);
  });

  test.each<[string, string, string[]]>([
    [
      'the bytes of an entry that is not signed yet, under its tile',
      'tree_mismatch',
      [`update audit.entry set bytes = ${replaced} where id = (select max(id) from audit.entry)`],
    ],
    [
      'a leaf that is missing',
      'tree_mismatch',
      ['delete from audit.leaf where index = (select max(index) - 1 from audit.leaf)'],
    ],
  ])('%s', async (_, code, statements) => {
    const testbed = await signedTestbed();
    await testbed.grow(5);
    await testbed.asSuperuser(...statements);
    await expectRefusal(testbed, code);
  });

  test('a tile that is not of its entries', async () => {
    const testbed = await signedTestbed(200);
    await testbed.grow(300);
    await testbed.asSuperuser(`update audit.tile set root = sha256('x')`);
    await expectRefusal(testbed, 'tree_mismatch');
  });
});

describe('two signers', () => {
  test('on one memory: one leads, and the other takes over', async () => {
    const testbed = await signerTestbed();
    const other = makePool({ connectionString: testbed.database.url('signer'), applicationName: 'other' });
    const signers = [testbed.signer(), testbed.signer({ pool: other })];
    await testbed.grow(5);
    await testbed.signed();
    for (let n = 0; n < 3; n += 1) {
      await testbed.endLeading();
      await testbed.grow(2);
      await testbed.signed();
    }
    await Promise.all(signers.map((signer) => signer.stop()));
    await other.end();
    await expectOneHistory(testbed);
    expect((await testbed.remembered())?.refusal).toBeNull();
  });

  test('one of another log, on the wrong database, refuses and stands in nobody’s way', async () => {
    const testbed = await signedTestbed(3);
    const other = makePool({ connectionString: testbed.database.url('signer'), applicationName: 'other' });
    onTestFinished(() => other.end());
    const stranger = testbed.signer({
      pool: other,
      memory: await openLogMemory(join(testbed.home, 'strange')),
      keys: () => Promise.resolve([keyPair('log.example/strange').signer]),
      anchor: makeFileAnchor(join(testbed.home, 'strange.log')),
    });
    const saysFatal = (): true | null => stranger.told.some((line) => line.startsWith('fatal')) || null;
    await eventually(() => Promise.resolve(saysFatal()));
    const right = testbed.signer();
    await testbed.grow(3);
    await testbed.signed();
    expect((await shownSigners(testbed.worker)).map(({ does }) => does)).toEqual([
      'signer leads',
      'signer refuses, memory_missing',
    ]);
    await stranger.stop();
    await right.stop();
    await expectOneHistory(testbed);
    expect((await testbed.remembered())?.refusal).toBeNull();
  });

  test('one that stands by says so once, and who leads', async () => {
    const testbed = await signerTestbed();
    testbed.signer();
    await testbed.grow(1);
    await testbed.signed();
    const other = makePool({ connectionString: testbed.database.url('signer'), applicationName: 'other' });
    onTestFinished(() => other.end());
    const second = testbed.signer({ pool: other });
    const line = await eventually(() => Promise.resolve(second.told[0] ?? null));
    const { rows } = await testbed.superuser.query<{ pid: number }>(
      `select pid from countersign.leader where name = 'signer'`,
    );
    expect(line).toContain('info: another signer leads, this one stands by');
    expect(line).toContain(`"pid":${String(rows[0]?.pid)},`);
    await second.stop();
    expect(second.told).toHaveLength(1);
  });

  test('one stopped right before it remembers, the other gone on: it loses, and nothing is forked', async () => {
    const testbed = await signedTestbed(3);
    let resume: (() => void) | undefined;
    const paused = testbed.signer({
      at: async (point) => {
        if (point === 'signed' && resume === undefined) await new Promise<void>((r) => (resume = r));
      },
    });
    await testbed.grow(4);
    await eventually(() => Promise.resolve(resume ?? null));
    // Its session is lost while it stands still, so another leads and signs more.
    await testbed.endLeading();
    const other = makePool({ connectionString: testbed.database.url('signer'), applicationName: 'other' });
    const second = testbed.signer({ pool: other });
    await testbed.grow(5);
    await testbed.signed();
    const before = await testbed.remembered();
    expect(await testbed.anchored()).toContain(before?.note);
    resume?.();
    await eventually(() =>
      Promise.resolve(paused.told.some((line) => line.includes('session lost')) ? true : null),
    );
    expect(await testbed.remembered()).toEqual(before);
    await Promise.all([paused.stop(), second.stop()]);
    await other.end();
    await expectOneHistory(testbed);
  });
});
