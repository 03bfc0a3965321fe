import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Place } from '../../../audit/forward/place.ts';
import { signNote } from '../../../audit/note.ts';
import { buildGo, whyNoGo } from '../../support/go.ts';
import { serveFolder } from './file-server.ts';
import { makeForwardTestbed } from './forward-testbed.ts';
import type { ForwardTestbed } from './forward-testbed.ts';

const source = join(import.meta.dirname, 'go');
const obstacle = await whyNoGo(source);

interface Answer {
  readonly size: number;
  readonly entries: number;
  readonly digest: string;
  readonly error: string;
}

describe.skipIf(obstacle !== null)('Tessera’s client, in Go, at a plain file server', () => {
  let bed: ForwardTestbed;
  let place: Place;
  let folder: string;
  let program: string;
  let server: Awaited<ReturnType<typeof serveFolder>>;
  const notes: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-go-'));
    program = await buildGo(source, folder);
    bed = await makeForwardTestbed();
    place = await bed.place();
    server = await serveFolder(place.name);
    for (const more of [1, 255, 44, 300]) {
      await bed.log.grow(more);
      notes.push((await bed.log.seal()).note);
      await bed.forward(place);
    }
  }, 300_000);

  afterAll(async () => {
    await server.stop();
    await bed.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const follow = (earlier: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const child = execFile(program, (error, stdout) =>
        error ? reject(new Error(error.message)) : resolve(JSON.parse(stdout) as Answer),
      );
      child.stdin?.end(JSON.stringify({ url: server.url, log: bed.log.signer.publicKey, earlier }));
    });

  test('follows from every earlier checkpoint, and proves every entry', async () => {
    const digest = createHash('sha256');
    for (let index = 0; index < 600; index++) digest.update(await bed.log.bytesAt(index));
    const expected = { size: 600, entries: 600, digest: digest.digest('hex'), error: '' };
    for (const note of notes) expect(await follow(note)).toEqual(expected);
  });

  test('refuses a log that does not continue its checkpoint, and an entry that was altered', async () => {
    expect((await follow(bed.log.sign(256, Buffer.alloc(32, 7)).note)).error).not.toBe('');
    expect((await follow(signNote('example.com/log\n1\nAAAA\n', [bed.log.witness]))).error).not.toBe('');
    const path = 'tile/entries/002.p/88';
    const bytes = (await place.read(path)) ?? Buffer.alloc(0);
    await rm(join(place.name, path));
    await writeFile(join(place.name, path), bytes.toString('latin1').replace('"v":1', '"v":2'), 'latin1');
    const { error, entries } = await follow(notes[0] ?? '');
    expect(entries).toBe(512);
    expect(error).toMatch(/entry 512/);
  });
});
