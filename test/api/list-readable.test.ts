import { expect, test } from 'vitest';
import { listReadable, mostLooked } from '../../api/list-readable.ts';
import type { Change } from '../../domain/change.ts';
import type { ChangePage } from '../../store/list-changes.ts';
import { change as changeOf } from '../store/change-fixture.ts';

/** So many changes, newest first; a place is how many lie before it. What is read is counted. */
function shelf(count: number) {
  const all = Array.from({ length: count }, (_, i) => ({ ...changeOf(), id: String(i) }));
  const looks: number[] = [];
  const list = (cursor: string | null, limit: number): Promise<ChangePage> => {
    looks.push(limit);
    const from = Number(cursor ?? 0);
    const more = from + limit < count;
    return Promise.resolve({
      changes: all.slice(from, from + limit),
      nextCursor: more ? String(from + limit) : null,
    });
  };
  return { list, looks };
}
const cursorOf = ({ id }: Change) => String(Number(id) + 1);
const every =
  (nth: number) =>
  ({ id }: Change): boolean =>
    Number(id) % nth === nth - 1;

test.each<[count: number, nth: number, limit: number]>([
  [1000, 7, 10],
  [1000, 300, 2],
  [1000, 1000, 1],
  [999, 1000, 1],
  [100, 1, 7],
  [0, 1, 7],
])(
  'of %i changes each %i. one, by %i: every page is full but the last, none twice',
  async (count, nth, limit) => {
    const { list } = shelf(count);
    const pages: string[][] = [];
    for (let cursor: string | null = null; ;) {
      const page = await listReadable(list, every(nth), cursorOf, cursor, limit);
      pages.push(page.changes.map(({ id }) => id));
      cursor = page.nextCursor;
      if (cursor === null) break;
    }
    const expected = Array.from({ length: Math.floor(count / nth) }, (_, i) => String((i + 1) * nth - 1));
    expect(pages.flat()).toEqual(expected);
    for (const page of pages.slice(0, -1)) expect(page).toHaveLength(limit);
  },
);

test('who may read everything costs one look at just the page', async () => {
  const { list, looks } = shelf(1000);
  expect((await listReadable(list, () => true, cursorOf, null, 50)).changes).toHaveLength(50);
  expect(looks).toEqual([50]);
});

test('an answer looks through so many at most, and its place leads on', async () => {
  const { list, looks } = shelf(mostLooked + 10);
  const first = await listReadable(list, every(mostLooked + 1), cursorOf, null, 50);
  expect(first).toEqual({ changes: [], nextCursor: String(mostLooked) });
  expect(looks.reduce((sum, n) => sum + n, 0)).toBe(mostLooked);
  expect(Math.max(...looks)).toBeLessThanOrEqual(500);
  const second = await listReadable(list, every(mostLooked + 1), cursorOf, first.nextCursor, 50);
  expect(second.changes.map(({ id }) => id)).toEqual([String(mostLooked)]);
});
