import { expect, test } from 'vitest';
import { judgeTimes } from '../../audit/verify/judge-times.ts';
import type { OpenedCheckpoint } from '../../audit/checkpoint.ts';
import { newEntryBody } from '../../domain/entry.ts';
import { changeStory, withPolicies } from './change-story.ts';
import { memoryLog, signed } from './memory-log.ts';
import { found } from './pack-file.ts';
import { all, exported, keys, packOf, verifiedText } from './pack-testbed.ts';

const noon = Date.parse('2026-11-24T12:00:00Z');
const minute = 60_000;
const at = (minutes: number) => new Date(noon + minutes * minute).toISOString();

/** A checkpoint of so many entries, with cosignatures of so many minutes after noon; null: without a time. */
const checkpoint = (size: number, ...minutes: (number | null)[]) =>
  ({
    size,
    cosignatures: minutes.map((one) => ({ time: one === null ? null : (noon + one * minute) / 1000 })),
  }) as unknown as OpenedCheckpoint;
/** Which of these entries, by index and minutes after noon, cannot be. */
const bad = (checkpoints: OpenedCheckpoint[], ...entries: [number, number][]) => {
  const judge = judgeTimes(checkpoints);
  return entries
    .filter(([index, minutes]) => judge(index, at(minutes))?.is === 'late')
    .map(([index]) => index);
};

test('an entry is of no later time than its witness, give or take five minutes', () => {
  expect(bad([checkpoint(3, 0)], [0, -600], [1, 5], [2, 5.1])).toEqual([2]);
});

test('each entry is bound by the first checkpoint that has it, and by any later one that was seen before', () => {
  const both = [checkpoint(4, 60), checkpoint(2, 0)];
  expect(bad(both, [0, 10], [1, 4], [2, 10], [3, 66])).toEqual([0, 3]);
  expect(bad([checkpoint(2, 60), checkpoint(4, 0)], [0, 10], [3, 10])).toEqual([0, 3]);
});

test('the earliest of several witnesses counts, a signature without a time and entries beyond say nothing', () => {
  expect(bad([checkpoint(2, 60, 0, null)], [0, 10])).toEqual([0]);
  expect(bad([checkpoint(2, null), checkpoint(3)], [0, 600], [2, 600])).toEqual([]);
  expect(bad([checkpoint(2, 0)], [2, 600])).toEqual([]);
});

test('an entry is of an earlier time than a cosignature before it: early, give or take five minutes', () => {
  const early = (checkpoints: OpenedCheckpoint[], ...entries: [number, number][]) => {
    const judge = judgeTimes(checkpoints);
    return entries.filter(([index, minutes]) => judge(index, at(minutes))?.is === 'early').map(([n]) => n);
  };
  expect(early([checkpoint(2, 0)], [1, -60], [2, -5], [3, -5.1])).toEqual([3]);
  expect(early([checkpoint(1, 0), checkpoint(3, 60)], [2, -30], [4, -30])).toEqual([2, 4]);
  // The last of several witnesses had still not seen it.
  expect(early([checkpoint(2, -60, 0)], [2, -30])).toEqual([2]);
  expect(early([checkpoint(2, null)], [2, -600])).toEqual([]);
});

test('an entry of the API that was dated back is found; one of a worker is only counted', async () => {
  const minutes = (n: number) => new Date(noon + n * minute).toISOString();
  const read = (n: number) =>
    signed(newEntryBody({ type: 'audit.read', time: minutes(n), actor: {}, query: {} }), keys);
  const story = changeStory({ began: minutes(-61) });
  const before = [read(-61), read(-61), read(-61), read(-61)];
  const log = memoryLog(withPolicies([...before, signed(story.requested(), keys), read(-70)]), keys);
  const path = await exported(log, all, log.bytes.length);
  expect(found(await verifiedText(path))).toEqual([]);
  // The same log, of which a witness had seen the first entries a minute ago.
  const notes = await log.earlierCheckpoints(0, 5);
  expect(notes).toHaveLength(1);
  const cosigned = {
    ...log,
    earlierCheckpoints: async () => [(await log.checkpoint(5, noon - minute)).note],
  };
  const verdict = await verifiedText(await exported(cosigned, { ...all, since: 0 }));
  expect(found(verdict)).toEqual(['illogical:dated_before_witness@6']);
  expect(verdict.checked.datedBeforeWitness).toEqual({ count: 2, indexes: [5, 6] });
});

test('a pack whose entries were dated ahead is found, and where', async () => {
  // The witness has cosigned at 12:00.
  const story = changeStory({ began: at(6) });
  const verdict = await verifiedText(await packOf([story.requested(), story.prechecked()]));
  expect(found(verdict)).toEqual([0, 1, 2].map((index) => `illogical:dated_after_witness@${index}`));
});
