import { expect, test } from 'vitest';
import { judgeTimes } from '../../audit/verify/judge-times.ts';
import type { OpenedCheckpoint } from '../../audit/checkpoint.ts';
import { changeStory } from './change-story.ts';
import { found } from './pack-file.ts';
import { packOf, verifiedText } from './pack-testbed.ts';

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
  return entries.filter(([index, minutes]) => judge(index, at(minutes)) !== null).map(([index]) => index);
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

test('a pack whose entries were dated ahead is found, and where', async () => {
  // The witness has cosigned at 12:00.
  const story = changeStory({ began: at(6) });
  const verdict = await verifiedText(await packOf([story.requested(), story.prechecked()]));
  expect(found(verdict)).toEqual([0, 1, 2].map((index) => `illogical:dated_after_witness@${index}`));
});
