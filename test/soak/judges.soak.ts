import { expect, test } from 'vitest';
import { compareJudges, difference } from '../audit/histories/compare-judges.ts';

const rounds = Math.ceil(Number(process.env.SOAK_CHANGES ?? 10_000) / 500);
const seed = Number(process.env.SOAK_SEED ?? 1_000_000);

test(`two judges agree on ${rounds * 500} random histories`, async () => {
  for (let round = 0; round < rounds; round += 1) {
    const all = await compareJudges({ good: 130, each: 6, from: seed + round * 100_000 });
    expect(all.flatMap((one) => difference(one) ?? [])).toEqual([]);
  }
});
