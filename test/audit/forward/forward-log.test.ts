import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderSource, openFolderPlace } from '../../../audit/forward/folder-place.ts';
import { forwardLog } from '../../../audit/forward/forward-log.ts';
import { parseBundle } from '../../../audit/forward/entry-bundle.ts';
import type { Place } from '../../../audit/forward/place.ts';
import { rootOf } from '../../../audit/merkle.ts';
import { readNoteVerifier } from '../../../audit/note-key.ts';
import { publishCheckpoint } from '../../../audit/publish.ts';
import { makeTreeReader } from '../../../audit/tree-reader.ts';
import { makeLog } from '../log-fixture.ts';
import { dyingPlace, filesIn, makeForwardTestbed } from './forward-testbed.ts';
import type { ForwardTestbed } from './forward-testbed.ts';

let bed: ForwardTestbed;
beforeAll(async () => {
  bed = await makeForwardTestbed();
});
afterAll(async () => bed.drop());

const textOf = async (place: Place, path: string): Promise<string> =>
  (await place.read(path))?.toString() ?? '';

test('a log without a checkpoint has nothing to forward', async () => {
  const place = await bed.place();
  expect(await bed.forward(place)).toBeNull();
  expect(await filesIn(place.name)).toEqual([]);
});

describe('a log of 600 entries, sealed at 3, 256 and 600', () => {
  beforeAll(async () => {
    for (const more of [3, 253, 344]) {
      await bed.log.grow(more);
      await bed.log.seal();
    }
  });

  test('lies at a place as C2SP tlog-tiles says, the checkpoint as it was signed', async () => {
    const place = await bed.place();
    expect(await bed.forward(place)).toBe(600);
    expect(await filesIn(place.name)).toEqual([
      'checkpoint',
      'checkpoints/600',
      'tile/0/000',
      'tile/0/001',
      'tile/0/002.p/88',
      'tile/1/000.p/2',
      'tile/entries/000',
      'tile/entries/001',
      'tile/entries/002.p/88',
    ]);
    const { note } = await bed.log.seal();
    expect(await textOf(place, 'checkpoint')).toBe(note);
    expect(await textOf(place, 'checkpoints/600')).toBe(note);
    const bundle = parseBundle((await place.read('tile/entries/002.p/88')) ?? Buffer.alloc(0), 88);
    expect(bundle[87]).toEqual(await bed.log.bytesAt(599));
    expect(await place.read('tile/0/000')).toHaveLength(8192);
    // Read-only: nobody overwrites by mistake.
    expect((await stat(join(place.name, 'tile/0/000'))).mode & 0o777).toBe(0o444);
  });

  test('in small steps every checkpoint on the way is kept, and the tiles are the same', async () => {
    const [whole, steps] = [await bed.place(), await bed.place()];
    await bed.forward(whole);
    await bed.forward(steps, { most: 260 });
    const files = await filesIn(steps.name);
    expect(files.filter((name) => name.startsWith('checkpoints/'))).toEqual([
      'checkpoints/256',
      'checkpoints/600',
    ]);
    for (const name of await filesIn(whole.name)) {
      expect(await steps.read(name), name).toEqual(await whole.read(name));
    }
  });

  test('whoever is killed before or after any write, another goes on, and the place becomes the same', async () => {
    const whole = await bed.place();
    await bed.forward(whole, { most: 260 });
    const files = await filesIn(whole.name);
    let died = 0;
    for (const after of [false, true]) {
      for (let at = 1; ; at++) {
        const place = await bed.place();
        const ended = await bed.forward(dyingPlace(place, at, after), { most: 260 }).then(
          () => true,
          () => false,
        );
        // No checkpoint before what it covers.
        const size = Number((await textOf(place, 'checkpoint')).split('\n')[1] ?? 0);
        if (size === 256)
          expect(await filesIn(place.name)).toEqual(
            expect.arrayContaining(['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1', 'checkpoints/256']),
          );
        if (ended) break;
        died += 1;
        expect(await bed.forward(place, { most: 260 })).toBe(600);
        expect(await filesIn(place.name)).toEqual(files);
      }
    }
    expect(died).toBeGreaterThan(20);
  });

  test('two at once, and several, make one place', async () => {
    const [whole, shared] = [await bed.place(), await bed.place()];
    await bed.forward(whole, { most: 260 });
    const sizes = await Promise.all(Array.from({ length: 5 }, () => bed.forward(shared, { most: 260 })));
    expect(sizes).toEqual([600, 600, 600, 600, 600]);
    expect(await filesIn(shared.name)).toEqual(await filesIn(whole.name));
  });

  test('again: what somebody took away comes back, and what they altered is told', async () => {
    const place = await bed.place();
    await bed.forward(place);
    await rm(join(place.name, 'tile/entries/000'));
    await rm(join(place.name, 'tile/0/002.p/88'));
    expect(await bed.forward(place)).toBe(600);
    expect(await place.read('tile/entries/000')).toBeNull();
    expect(await bed.forward(place, { again: true })).toBe(600);
    expect(await place.read('tile/entries/000')).not.toBeNull();
    expect(await place.read('tile/0/002.p/88')).not.toBeNull();

    await rm(join(place.name, 'tile/entries/001'));
    await writeFile(join(place.name, 'tile/entries/001'), 'other');
    await expect(bed.forward(place, { again: true })).rejects.toMatchObject({
      code: 'forwarded_log_differs',
    });
    expect(await textOf(place, 'tile/entries/001')).toBe('other');
  });

  test('what the place has under a name is never overwritten', async () => {
    const place = await bed.place();
    await bed.forward(place, { most: 260 });
    const other = await bed.place();
    expect(await other.create('tile/entries/001', Buffer.from('theirs'))).toBe(true);
    expect(await other.create('tile/entries/001', Buffer.from('ours'))).toBe(false);
    await expect(bed.forward(other)).rejects.toMatchObject({ code: 'forwarded_log_differs' });
    expect(await textOf(other, 'tile/entries/001')).toBe('theirs');
    expect(await other.read('checkpoint')).toBeNull();
  });

  test('cosignatures come with the checkpoint, and are kept for good', async () => {
    const place = await bed.place();
    await bed.forward(place);
    const { note } = await bed.log.seal({ cosigned: true });
    await bed.forward(place);
    const cosigned = await textOf(place, 'checkpoint');
    expect(cosigned.startsWith(note) && cosigned.length > note.length).toBe(true);
    expect(await textOf(place, 'checkpoints/600')).toBe(note);
    const kept = (await filesIn(place.name)).filter((name) => name.includes('.cosigned/'));
    expect(kept).toHaveLength(1);
    expect(await textOf(place, kept[0] ?? '')).toBe(cosigned);

    const witnessed = { log: bed.keys.log, witnesses: [readNoteVerifier(bed.log.witness.publicKey)] };
    expect(await bed.forward(await bed.place(), { keys: witnessed })).toBe(600);
  });

  test('what no trusted key signed is not forwarded', async () => {
    const stranger = await makeLog();
    const place = await bed.place();
    const keys = { log: [readNoteVerifier(stranger.signer.publicKey)], witnesses: [] };
    await expect(bed.forward(place, { keys })).rejects.toMatchObject({ code: 'log_untrusted' });
    const witnesses = [readNoteVerifier(stranger.witness.publicKey)];
    await expect(bed.forward(place, { keys: { log: bed.keys.log, witnesses } })).rejects.toMatchObject({
      code: 'log_untrusted',
    });
    expect(await filesIn(place.name)).toEqual([]);
    await stranger.drop();
  });

  test('another log, a shorter one and a fork are told, and nothing is written', async () => {
    const place = await bed.place();
    await bed.forward(place);
    const files = await filesIn(place.name);
    const other = await makeLog();
    const theirs = {
      db: other.reader,
      place,
      keys: { log: [readNoteVerifier(other.signer.publicKey)], witnesses: [] },
    };
    await other.grow(3);
    await other.seal();
    await expect(forwardLog(theirs)).rejects.toMatchObject({ code: 'forwarded_log_differs' });
    // The same key and another history, as after a restored database: shorter, as long, and longer.
    const again = { ...theirs, keys: bed.keys };
    await other.drop();
    for (const size of [10, 600, 700]) {
      const fork = await makeLog();
      await fork.grow(size);
      const root = await rootOf(size, makeTreeReader(fork.reader));
      await publishCheckpoint(fork.sequencer, bed.log.sign(size, root));
      await expect(forwardLog({ ...again, db: fork.reader })).rejects.toMatchObject({
        code: 'forwarded_log_differs',
      });
      await fork.drop();
    }
    expect(await filesIn(place.name)).toEqual(files);
  });

  test('a checkpoint that somebody has edited at the place is not blamed on the database', async () => {
    const place = await bed.place();
    await bed.forward(place);
    const note = String(await place.read('checkpoint'));
    for (const edited of [note.replace('\n600\n', '\n900\n'), note.replace('\n600\n', '\n600\nA')]) {
      const root = note.split('\n')[2] ?? '';
      const other = edited.replace(`A${root}`, Buffer.alloc(32, 7).toString('base64'));
      await place.replace('checkpoint', Buffer.from(other));
      await expect(bed.forward(place)).rejects.toMatchObject({
        code: 'forwarded_log_differs',
        message: expect.stringContaining('no known key of the log has signed') as string,
      });
    }
    // One that the log has signed says that the database was cut.
    const signed = bed.log.sign(900, Buffer.alloc(32, 7)).note;
    await place.replace('checkpoint', Buffer.from(signed));
    await expect(bed.forward(place)).rejects.toMatchObject({
      message: expect.stringContaining('it was cut or restored') as string,
    });
  });
});

test('an entry that somebody edits is not forwarded', async () => {
  const log = await makeLog();
  await log.grow(20);
  await log.seal();
  const edited = `convert_to(replace(convert_from(bytes, 'UTF8'), '"v":1', '"v":2'), 'UTF8')`;
  await log.as(
    'superuser',
    'alter table audit.entry disable trigger all',
    `update audit.entry set bytes = ${edited}, leaf_hash = sha256('\\x00'::bytea || ${edited})
      where id = (select entry_id from audit.leaf where index = 7)`,
  );
  const place = await bed.place();
  const keys = { log: [readNoteVerifier(log.signer.publicKey)], witnesses: [] };
  await expect(forwardLog({ db: log.reader, place, keys })).rejects.toMatchObject({
    code: 'integrity_conflict',
  });
  expect(await filesIn(place.name)).toEqual([]);
  await log.drop();
});

test('a folder: half-written files are seen by nobody and go after an hour', async () => {
  const { name } = await bed.place();
  const [old, young] = [join(name, '.drafts', 'old'), join(name, '.drafts', 'young')];
  await writeFile(old, 'half');
  await writeFile(young, 'half');
  await utimes(old, new Date(Date.now() - 4_000_000), new Date(Date.now() - 4_000_000));
  await openFolderPlace(name);
  expect(await filesIn(name)).toEqual(['.drafts/young']);
  expect(await folderSource(name).read('tile')).toBeNull();
  await writeFile(join(name, 'checkpoint'), 'no checkpoint');
  await bed.log.seal();
  await expect(bed.forward(await openFolderPlace(name))).rejects.toMatchObject({
    code: 'forwarded_log_differs',
  });
  expect(await readFile(join(name, 'checkpoint'), 'utf8')).toBe('no checkpoint');
});
