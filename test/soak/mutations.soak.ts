import { expect, test } from 'vitest';
import { attackPacks } from '../audit/attack-packs.ts';

/** Mutations; SOAK_MUTATIONS. Each has a seed of its own, from SOAK_SEED on. */
const count = Number(process.env.SOAK_MUTATIONS ?? 10_000);
const seed = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000_000);

test(`none of ${count} mutations of packs, from seed ${seed}, is valid unless it says the same`, async () => {
  const { wrong, found, same } = await attackPacks(seed, count);
  console.log(JSON.stringify({ seed, count, found, same }));
  expect(wrong).toEqual([]);
});
