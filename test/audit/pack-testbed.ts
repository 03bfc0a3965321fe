import { readFile } from 'node:fs/promises';
import { preparePack } from '../../audit/pack/prepare-pack.ts';
import type { PackRequest } from '../../audit/pack/prepare-pack.ts';
import type { Verdict } from '../../audit/verify/verdict.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { changeStory, isUnsigned, withPolicies } from './change-story.ts';
import type { ChangeStory } from './change-story.ts';
import { makeKeys, memoryLog, signed } from './memory-log.ts';
import type { MemoryLog } from './memory-log.ts';
import { saved, unpacked, verified } from './pack-file.ts';
import type { OpenFile } from './pack-file.ts';

/** Who signs the packs of a test file. */
export const keys = makeKeys();

const ends = (s: ChangeStory): EntryBody[] => [
  s.requested(),
  s.prechecked(),
  s.approved(),
  s.scheduled(),
  s.started(1),
  s.ended('failed', 1),
  s.started(2),
  s.ended('succeeded', 2),
  s.closed(),
];
const stories = Array.from({ length: 4 }, (_, n) => {
  const story = changeStory({ began: `2026-11-24T0${n + 1}:00:00.000Z` });
  return { id: story.changeId, entries: ends(story).map((body) => signed(body, keys)) };
});

/** Their policy, and four changes one after another, each of nine entries. */
export const bodies = withPolicies(stories.flatMap(({ entries }) => entries));
/** The change of entries 10 to 18. */
export const second = stories[1]?.id ?? '';
export const log = memoryLog(bodies, keys);
/** A pack of the whole log. */
export const all: PackRequest = { covers: { kind: 'range', from: 0, to: null }, since: null };

/** The path of a pack. */
export async function exported(
  from: MemoryLog,
  request: PackRequest,
  size = from.bytes.length,
): Promise<string> {
  const checkpoint = await from.checkpoint(size);
  const verifier = Buffer.from('//\n');
  return saved((await preparePack({ ...from, checkpoint, verifier }, request)).stream());
}

/** A pack of a log that was built from these bodies, whole; with the policies that they name, and signed where nobody has. */
export async function packOf(entries: readonly (EntryBody | Buffer)[]): Promise<string> {
  const written = entries.map((one) => (Buffer.isBuffer(one) || !isUnsigned(one) ? one : signed(one, keys)));
  return exported(memoryLog(withPolicies(written), keys), all);
}

export async function verifiedText(path: string, since: string | null = null): Promise<Verdict> {
  return verified(path, keys.trusted, since);
}

/** The files of a pack of the log. */
export async function filesOf(request: PackRequest): Promise<OpenFile[]> {
  return unpacked(await readFile(await exported(log, request)));
}
/** Of the whole log, leading on from size 7. */
export const whole = await filesOf({ ...all, since: 7 });

export const lines = (text: string): string[] => text.split('\n').slice(0, -1);
export const textOf = (some: readonly string[]): string => some.map((line) => `${line}\n`).join('');
