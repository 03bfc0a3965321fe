import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { preparePack } from '../../audit/pack/prepare-pack.ts';
import type { PackRequest } from '../../audit/pack/prepare-pack.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { fullLog } from './full-log.ts';
import { makeKeys, memoryLog } from './memory-log.ts';
import type { MemoryLog, TestKeys } from './memory-log.ts';
import { saved, unpacked } from './pack-file.ts';
import type { OpenFile } from './pack-file.ts';

/** A pack as it was exported, and what an attacker has to forge it with. */
export interface HonestPack {
  readonly name: string;
  readonly archive: Buffer;
  /** The archive unpacked, as one tar. */
  readonly tar: Buffer;
  readonly files: readonly OpenFile[];
  /** The auditor's own checkpoint, which it leads on from; null for none. */
  readonly since: string | null;
  readonly keys: TestKeys;
  /** The entries of the whole log. */
  readonly entries: readonly EntryBody[];
  /** The pack of a log of other entries, by somebody who has not the log's key. */
  forged(entries: readonly EntryBody[], forger: TestKeys, under: ForgedUnder): Promise<Buffer>;
}

/** What a forged pack has for a checkpoint; the old signatures stand under the text of the new one. */
type ForgedUnder = 'another key' | 'the old checkpoint' | 'the old signatures';

/** Packs of one log with something of everything: whole, a range of it that leads on from a checkpoint, and a change. */
export async function honestPacks(): Promise<readonly HonestPack[]> {
  const keys = makeKeys();
  const { entries, changeId } = fullLog(keys);
  const log = memoryLog(entries, keys);
  const requests: [string, PackRequest][] = [
    ['the whole log', { covers: { kind: 'range', from: 0, to: null }, since: null }],
    ['a range', { covers: { kind: 'range', from: 9, to: entries.length - 4 }, since: 5 }],
    ['a change', { covers: { kind: 'change', changeId }, since: 7 }],
  ];
  return Promise.all(requests.map(([name, request]) => honestPack(name, request, log, entries, keys)));
}

async function honestPack(
  name: string,
  request: PackRequest,
  log: MemoryLog,
  entries: readonly EntryBody[],
  keys: TestKeys,
): Promise<HonestPack> {
  const archive = await archiveOf(log, request, await log.checkpoint());
  return {
    name,
    archive,
    tar: gunzipSync(archive),
    files: await unpacked(archive),
    since: request.since === null ? null : (await log.checkpoint(request.since)).note,
    keys,
    entries,
    async forged(others, forger, under) {
      const forged = memoryLog(others, forger);
      const [own, old] = [await forged.checkpoint(), await log.checkpoint()];
      const [text] = own.note.split('\n\n');
      const [, signatures] = old.note.split('\n\n');
      if (under === 'another key') return archiveOf(forged, request, own);
      if (under === 'the old signatures')
        return archiveOf(forged, request, { ...own, note: `${text}\n\n${signatures}` });
      // No proof leads to more entries than there are.
      const { size } = own;
      return archiveOf(forged, request, { ...old, size: Math.min(size, old.size) });
    },
  };
}

async function archiveOf(
  log: MemoryLog,
  request: PackRequest,
  checkpoint: Awaited<ReturnType<MemoryLog['checkpoint']>>,
): Promise<Buffer> {
  const verifier = Buffer.from('// the verifier\n');
  return readFile(await saved((await preparePack({ ...log, checkpoint, verifier }, request)).stream()));
}
