import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { honestPacks } from './honest-packs.ts';
import { mutatePack } from './mutate-pack.ts';
import { oneOf, randomFrom } from './mutate-bytes.ts';
import { found, freshPath, verified } from './pack-file.ts';
import { saysTheSame } from './says-the-same.ts';

/** What came of many attacks. */
export interface Attacked {
  /** Attacks that were found, and those after which the pack says the same as before, by the attack's name. */
  readonly found: Readonly<Record<string, number>>;
  readonly same: Readonly<Record<string, number>>;
  /** Packs that are valid and should not be, and those that say the same and are not, each with its seed. */
  readonly wrong: readonly string[];
}

/** Keeps a pack to be looked at, with its keys: other runs have other keys and ids. @returns where */
async function kept(archive: Buffer, trusted: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-mutation-'));
  await writeFile(join(folder, 'trusted-keys.txt'), trusted);
  await writeFile(join(folder, 'pack.tgz'), archive);
  return folder;
}

/** Attacks honest packs at random, so many times, each from a seed of its own, and verifies what comes of it. */
export async function attackPacks(firstSeed: number, count: number): Promise<Attacked> {
  const packs = await honestPacks();
  const path = await freshPath();
  const [seen, same]: Record<string, number>[] = [{}, {}];
  const wrong: string[] = [];
  for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
    const random = randomFrom(seed);
    const pack = oneOf(packs, random);
    const { what, archive, isFree } = await mutatePack(pack, random, packs);
    await writeFile(path, archive);
    const name = what.slice(0, what.indexOf(':'));
    const says = await saysTheSame(pack, archive);
    const verdict = await verified(path, pack.keys.trusted, pack.since).catch((error: unknown) => error);
    const told = `seed ${seed}, ${pack.name}, ${what}`;
    const before = wrong.length;
    if (verdict instanceof Error) wrong.push(`${told}: it threw ${String(verdict.stack)}`);
    else {
      const { result } = verdict as Awaited<ReturnType<typeof verified>>;
      if (result === 'valid' && !says) wrong.push(`${told}: valid`);
      if (says && isFree && result !== 'valid')
        wrong.push(`${told}: ${result}, ${found(verdict as never).join()}`);
      if (isFree && !says) wrong.push(`${told}: it should say the same`);
    }
    if (wrong.length > before) wrong.push(`kept in ${await kept(archive, pack.keys.trusted)}`);
    const counts = says ? same : seen;
    if (counts) counts[name] = (counts[name] ?? 0) + 1;
  }
  return { found: seen ?? {}, same: same ?? {}, wrong };
}
