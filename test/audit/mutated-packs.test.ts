import { expect, test } from 'vitest';
import { attackPacks } from './attack-packs.ts';
import { attackNames } from './mutate-pack.ts';

/* `npm run soak` does the same 10,000 times (test/soak/mutations.soak.ts). */

test('no mutation of a pack is valid unless it says the same, as docs/auditing.md lists', async () => {
  const { wrong, found, same } = await attackPacks(1, 300);
  expect(wrong).toEqual([]);
  // Every attack was tried, and those that change nothing that is covered are no alarm.
  expect(Object.keys({ ...found, ...same }).sort()).toEqual([...attackNames].sort());
  expect(same.onWhatIsFree).toBeGreaterThan(5);
});
