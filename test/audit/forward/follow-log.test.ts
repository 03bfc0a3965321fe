import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followLog } from '../../../audit/forward/follow-log.ts';
import type { FollowOptions } from '../../../audit/forward/follow-log.ts';
import { httpSource } from '../../../audit/forward/http-source.ts';
import type { Place, Source } from '../../../audit/forward/place.ts';
import { rootOf } from '../../../audit/merkle.ts';
import { generateNoteKey } from '../../../audit/note-key.ts';
import { publishCheckpoint } from '../../../audit/publish.ts';
import { makeTreeReader } from '../../../audit/tree-reader.ts';
import { readTrustedKeys } from '../../../audit/verify/trusted-keys.ts';
import { makeLog } from '../log-fixture.ts';
import { serveFolder } from './file-server.ts';
import { makeForwardTestbed } from './forward-testbed.ts';
import type { ForwardTestbed } from './forward-testbed.ts';

/** The sizes at which the log was forwarded. */
const sizes = [1, 3, 255, 256, 300, 512, 700];

let bed: ForwardTestbed;
let place: Place;
let folder: string;
/** The checkpoint at each size. */
const notes = new Map<number, string>([[0, '']]);
beforeAll(async () => {
  bed = await makeForwardTestbed();
  folder = await mkdtemp(join(tmpdir(), 'countersign-follow-'));
  place = await bed.place();
  let before = 0;
  for (const size of sizes) {
    await bed.log.grow(size - before);
    notes.set(size, (await bed.log.seal({ cosigned: size === 700 })).note);
    await bed.forward(place);
    before = size;
  }
}, 60_000);
afterAll(async () => {
  await bed.drop();
  await rm(folder, { recursive: true });
});

const keys = () => readTrustedKeys([`${bed.log.signer.publicKey}\n${bed.log.witness.publicKey}`]);
const at = Date.parse('2026-11-24T11:00:00Z');

function follow(more: Partial<FollowOptions> = {}) {
  return followLog({ source: place, keys: keys(), last: null, freshness: { at, maxAge: null }, ...more });
}

/** The place, with other bytes under some names; null: none. */
function altered(other: Readonly<Record<string, Buffer | null>>): Source {
  return {
    name: place.name,
    read: (path) => (path in other ? Promise.resolve(other[path] ?? null) : place.read(path)),
  };
}

test('what is kept of the same tree loses no cosignature', async () => {
  const kept = String(await place.read('checkpoint'));
  const uncosigned = notes.get(700) ?? expect.fail();
  expect(kept.startsWith(uncosigned)).toBe(true);
  expect(kept).not.toBe(uncosigned);
  const source = altered({ checkpoint: Buffer.from(uncosigned) });
  const followed = await follow({ source, last: kept });
  expect(followed).toMatchObject({ result: 'valid', checkpoint: { note: kept } });
  expect((await follow({ source, last: notes.get(512) ?? '' })).checkpoint?.note).toBe(uncosigned);
});

const at700 = 'tile/entries/002.p/188';

describe('a follower', () => {
  test.each([0, ...sizes])(
    'that has the checkpoint of %i entries verifies and gets exactly what is new',
    async (from) => {
      const got: Buffer[] = [];
      const followed = await follow({
        last: notes.get(from) === '' ? null : (notes.get(from) ?? null),
        onEntry(index, bytes) {
          expect(index).toBe(from + got.length);
          got.push(bytes);
        },
      });
      expect(followed).toMatchObject({ result: 'valid', findings: [], from, entries: 700 - from });
      expect(followed.checkpoint?.size).toBe(700);
      expect(got).toHaveLength(700 - from);
      for (const index of [from, 255, 256, 511, 699]) {
        if (index >= from && index < 700) expect(got[index - from]).toEqual(await bed.log.bytesAt(index));
      }
    },
  );

  test('reads a plain file server', async () => {
    const server = await serveFolder(place.name);
    expect(await follow({ source: httpSource(server.url, fetch) })).toMatchObject({
      result: 'valid',
      entries: 700,
    });
    await server.stop();
    expect(await follow({ source: httpSource(server.url, fetch) })).toMatchObject({
      result: 'incomplete',
      findings: [{ kind: 'unreadable' }],
    });
  });

  test('what stands at the place of the checkpoint and is none says nothing of the log', async () => {
    const page = altered({ checkpoint: Buffer.from('<!doctype html>\n<title>Log in</title>\n') });
    const found = await follow({ source: page });
    expect(found).toMatchObject({ result: 'incomplete', findings: [{ kind: 'unreadable' }] });
    expect(found.findings[0]?.message).toContain('is no checkpoint');
  });

  test('a place that cannot be asked is not said to have no checkpoint', async () => {
    const refusing = createServer((_request, response) => response.writeHead(403).end());
    await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/`;
    const refused = await follow({ source: httpSource(url, fetch) });
    await new Promise((resolve) => refusing.close(resolve));
    const away = await follow({ source: httpSource(url, fetch) });
    for (const [followed, why] of [
      [refused, 'answers 403'],
      [away, 'fetch failed'],
    ] as const) {
      expect(followed.findings).toEqual([
        { kind: 'unreadable', index: null, message: expect.stringContaining(why) as string },
      ]);
    }
  });

  test('a slow taker of entries is waited for: one at a time', async () => {
    let taking = 0;
    let most = 0;
    const onEntry = async () => {
      most = Math.max(most, (taking += 1));
      await new Promise((resolve) => setImmediate(resolve));
      taking -= 1;
    };
    expect(await follow({ onEntry })).toMatchObject({ result: 'valid', entries: 700 });
    expect([most, taking]).toEqual([1, 0]);
  });

  test('takes the complete tile where the incomplete one is gone', async () => {
    // As a log that grew while it was read, and dropped what the complete ones have.
    const source = altered({
      checkpoint: Buffer.from(notes.get(300) ?? ''),
      'tile/0/001.p/44': null,
      'tile/entries/001.p/44': null,
    });
    expect(await follow({ source })).toMatchObject({ result: 'valid', entries: 300 });
  });

  test.each([
    ['an entry', at700, 'entry', 512],
    ['an entry of a whole bundle', 'tile/entries/001', 'entry', 256],
    ['a leaf', 'tile/0/002.p/188', 'tile', null],
    ['a tile above', 'tile/1/000.p/2', 'tile', null],
  ])('finds %s that was altered', async (_what, path, code, index) => {
    const bytes = Buffer.from((await place.read(path)) ?? '');
    const last = bytes.length - 1;
    bytes[last] = (bytes[last] ?? 0) ^ 1;
    const got: number[] = [];
    const followed = await follow({ source: altered({ [path]: bytes }), onEntry: (n) => got.push(n) });
    expect(followed.result).toBe('tampered');
    expect(followed.findings).toMatchObject([{ kind: 'altered', code }]);
    // What comes before it was verified; of the bundle itself nothing is handed on.
    if (index !== null) expect(got).toHaveLength(index);
    else expect(got).toEqual([]);
  });

  test('two entries that changed places, and a bundle that is cut', async () => {
    const bundle = (await place.read(at700)) ?? Buffer.alloc(0);
    const [first, second] = [2 + bundle.readUInt16BE(0), 0];
    const next = 2 + bundle.readUInt16BE(first);
    const swapped = Buffer.concat([
      bundle.subarray(first, first + next),
      bundle.subarray(second, first),
      bundle.subarray(first + next),
    ]);
    expect(await follow({ source: altered({ [at700]: swapped }) })).toMatchObject({
      result: 'tampered',
      findings: [{ kind: 'altered', index: 512 }],
    });
    expect(await follow({ source: altered({ [at700]: bundle.subarray(0, -1) }) })).toMatchObject({
      result: 'tampered',
      findings: [{ kind: 'malformed' }],
    });
  });

  test('what is not there is incomplete, and so is an older checkpoint than its own', async () => {
    for (const path of [at700, 'tile/0/002.p/188', 'tile/1/000.p/2', 'checkpoint']) {
      expect(await follow({ source: altered({ [path]: null }) }), path).toMatchObject({
        result: 'incomplete',
        findings: [{ kind: 'unreadable' }],
      });
    }
    const older = altered({ checkpoint: Buffer.from(notes.get(300) ?? '') });
    expect(await follow({ source: older, last: notes.get(700) ?? '' })).toMatchObject({
      result: 'incomplete',
      findings: [{ kind: 'stale' }],
    });
  });

  test('a checkpoint that nobody trusted signed, and one that no witness saw lately', async () => {
    const stranger = await makeLog();
    const theirs = readTrustedKeys([stranger.signer.publicKey]);
    await stranger.drop();
    // Of the same name: as where the log has changed its key, which says nothing against it.
    expect(await follow({ keys: theirs })).toMatchObject({
      result: 'incomplete',
      findings: [
        { kind: 'unchecked', code: 'checkpoint', message: expect.stringMatching(/rotation/) as string },
      ],
      checkpoint: null,
    });
    const elsewhere = generateNoteKey('elsewhere.example.com/log').publicKey;
    expect(await follow({ keys: readTrustedKeys([elsewhere]) })).toMatchObject({
      result: 'tampered',
      findings: [{ kind: 'badly_signed' }],
    });
    // A trusted key's name over another signature is no unknown key.
    const note = String(await place.read('checkpoint')).replace(
      bed.log.signer.name + '\n700',
      bed.log.signer.name + '\n699',
    );
    expect(await follow({ source: altered({ checkpoint: Buffer.from(note) }) })).toMatchObject({
      result: 'tampered',
      findings: [{ kind: 'badly_signed' }],
    });
    expect(await follow({ freshness: { at, maxAge: 3_600_000 } })).toMatchObject({
      result: 'valid',
      freshness: { cosignedAt: '2026-11-24T10:00:00.000Z' },
    });
    expect(await follow({ freshness: { at, maxAge: 3_599_000 } })).toMatchObject({
      result: 'incomplete',
      findings: [{ kind: 'stale' }],
    });
  });

  test('finds a fork of any length, signed with the log’s own key', async () => {
    for (const size of [300, 700, 900]) {
      const fork = await makeLog();
      await fork.grow(size);
      await publishCheckpoint(
        fork.sequencer,
        bed.log.sign(size, await rootOf(size, makeTreeReader(fork.reader))),
      );
      const source = await bed.place();
      await bed.forward(source, { db: fork.reader });
      await fork.drop();
      const last = notes.get(size === 300 ? 300 : 700) ?? '';
      expect(await follow({ source, last })).toMatchObject({
        result: 'tampered',
        findings: [{ kind: 'forked' }],
      });
      expect(await follow({ source })).toMatchObject({ result: 'valid' });
    }
    // Shorter than its own: the place still has the tiles of the longer one.
    const forked = bed.log.sign(300, Buffer.alloc(32, 7)).note;
    expect(
      await follow({ source: altered({ checkpoint: Buffer.from(forked) }), last: notes.get(700) ?? '' }),
    ).toMatchObject({ result: 'tampered', findings: [{ kind: 'stale' }, { kind: 'forked' }] });
  });
});

describe('countersign audit follow', () => {
  const main = join(import.meta.dirname, '..', '..', '..', 'cli', 'main.ts');
  const run = (...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [main, 'audit', 'follow', ...args],
        { cwd: folder },
        (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
    });
  const common = () => ['--from', place.name, '--key', 'keys', '--checkpoint-file', 'last'];

  test('keeps its checkpoint, prints entries, and ends with 1, 2 or 3 where something is wrong', async () => {
    await writeFile(join(folder, 'keys'), `${bed.log.signer.publicKey}\n`);
    await cp(place.name, join(folder, 'older'), { recursive: true });
    await rm(join(folder, 'older', 'checkpoint'));
    await writeFile(join(folder, 'last'), notes.get(512) ?? '');
    const first = await run(...common(), '--entries');
    expect(first).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('VALID: 188 new entries') as string,
    });
    const lines = first.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { index: number; entry: unknown });
    expect(lines).toHaveLength(188);
    expect(lines[187]).toEqual({
      index: 699,
      entry: JSON.parse((await bed.log.bytesAt(699)).toString()) as unknown,
    });
    expect(await readFile(join(folder, 'last'), 'utf8')).toBe((await place.read('checkpoint'))?.toString());
    expect(JSON.parse((await run('--json', ...common())).stdout)).toMatchObject({
      result: 'valid',
      entries: 0,
    });

    await rename(join(place.name, 'checkpoint'), join(folder, 'hidden'));
    expect((await run(...common())).code).toBe(2);
    await rename(join(folder, 'hidden'), join(place.name, 'checkpoint'));
    const forked = bed.log.sign(700, Buffer.alloc(32, 7)).note;
    await writeFile(join(folder, 'last'), forked);
    expect(await run(...common())).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('forked') as string,
    });
    // What was not valid does not replace what the follower has.
    expect(await readFile(join(folder, 'last'), 'utf8')).toBe(forked);
    // The place has fallen behind: nothing of it continues what the follower has.
    await writeFile(join(folder, 'last'), notes.get(700) ?? '');
    await writeFile(join(folder, 'older', 'checkpoint'), notes.get(300) ?? '');
    const stale = await run('--from', 'older', '--key', 'keys', '--checkpoint-file', 'last');
    expect(stale).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('nothing: it is behind yours of 700') as string,
    });
    await writeFile(join(folder, 'last'), 'no checkpoint');
    expect((await run(...common())).code).toBe(3);
    expect((await run('--from', place.name)).code).toBe(3);
  }, 60_000);

  test('a reader that is slow and dies leaves the checkpoint where it was', async () => {
    await writeFile(join(folder, 'keys'), `${bed.log.signer.publicKey}\n`);
    await rm(join(folder, 'slow'), { force: true });
    // More than a pipe holds, of which the reader takes one line.
    const line = '{ "$@"; echo $? > code; } | { read -r first; echo "$first"; sleep 1; }';
    const args = ['-c', line, 'sh', process.execPath, main, 'audit', 'follow', '--entries'];
    const more = ['--from', place.name, '--key', 'keys', '--checkpoint-file', 'slow'];
    const { stdout } = await promisify(execFile)('sh', [...args, ...more], { cwd: folder });
    expect(JSON.parse(stdout)).toMatchObject({ index: 0 });
    expect((await readFile(join(folder, 'code'), 'utf8')).trim()).toBe('141');
    expect(await readdir(folder)).not.toContain('slow');
    // A reader that is slow and lives gets all of them.
    const patient = '"$@" | { sleep 1; wc -l; }';
    const got = await promisify(execFile)('sh', ['-c', patient, ...args.slice(2), ...more], { cwd: folder });
    expect(Number(got.stdout)).toBe(700);
    expect(await readFile(join(folder, 'slow'), 'utf8')).toBe(String(await place.read('checkpoint')));
  }, 60_000);
});
