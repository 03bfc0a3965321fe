import { expect, test } from 'vitest';
import type { JsonObject } from '../../domain/json.ts';
import { snapshotDifference } from '../../domain/snapshot-difference.ts';

test.each<[JsonObject | null, JsonObject | null, string]>([
  [{ status: 'inactive' }, null, 'not there'],
  [{ status: 'inactive', a: 1 }, { status: 'active', a: 2 }, 'active'],
  [{ status: 'inactive', a: 1, b: [1] }, { status: 'inactive', a: 2, b: [2] }, 'a, b'],
  [
    { snapshot: { owner: 'A', state: 'open' } },
    { snapshot: { owner: 'B', state: 'open' } },
    'snapshot.owner',
  ],
  [{ snapshot: { owner: 'A' }, achieved: false }, { snapshot: null, achieved: true }, 'snapshot, achieved'],
  [{ identity: { a: { b: 1 } } }, { identity: { a: { b: 1, c: 2 } } }, 'identity.a.c'],
  [null, { a: 1 }, 'a'],
])('from %j to %j: %s', (approved, read, difference) => {
  expect(snapshotDifference(approved, read)).toBe(difference);
});
