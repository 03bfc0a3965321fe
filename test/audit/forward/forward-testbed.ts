import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { openFolderPlace } from '../../../audit/forward/folder-place.ts';
import { forwardLog } from '../../../audit/forward/forward-log.ts';
import type { ForwardOptions } from '../../../audit/forward/forward-log.ts';
import type { Place } from '../../../audit/forward/place.ts';
import { readNoteVerifier } from '../../../audit/note-key.ts';
import type { TrustedKeys } from '../../../audit/newest-checkpoint.ts';
import { makeLog } from '../log-fixture.ts';
import type { TestLog } from '../log-fixture.ts';

/** A log in Postgres, and folders that it can be forwarded to. */
export async function makeForwardTestbed() {
  const root = await mkdtemp(join(tmpdir(), 'countersign-forward-'));
  const log = await makeLog();
  const keys: TrustedKeys = { log: [readNoteVerifier(log.signer.publicKey)], witnesses: [] };
  let count = 0;
  return {
    log,
    keys,
    /** Another empty folder. */
    async place(): Promise<Place> {
      return openFolderPlace(join(root, String((count += 1))));
    },
    forward: (place: Place, more: Partial<ForwardOptions> = {}) =>
      forwardLog({ db: log.reader, place, keys, ...more }),
    async drop(): Promise<void> {
      await log.drop();
      await rm(root, { recursive: true, force: true });
    },
  };
}
export type ForwardTestbed = Awaited<ReturnType<typeof makeForwardTestbed>>;

/** Every file below a folder, sorted. */
export async function filesIn(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  return all
    .filter((one) => one.isFile())
    .map((one) => relative(folder, join(one.parentPath, one.name)))
    .sort();
}

/** A place whose process dies at its n-th write, before it or right after it. */
export function dyingPlace(place: Place, at: number, after: boolean): Place {
  let writes = 0;
  const write = async <T>(act: () => Promise<T>): Promise<T> => {
    writes += 1;
    if (writes > at) return new Promise<never>(() => undefined);
    if (writes < at) return act();
    if (after) await act();
    throw new Error('killed');
  };
  return {
    ...place,
    create: (path, bytes) => write(() => place.create(path, bytes)),
    replace: (path, bytes) => write(() => place.replace(path, bytes)),
  };
}

export type { TestLog };
