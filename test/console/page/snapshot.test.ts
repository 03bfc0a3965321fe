import { expect, test } from 'vitest';
import {
  readingOf,
  snapshotDifferences,
  snapshotLines,
} from '../../../console/page/pages/change/snapshot.ts';

const snapshot = { sn: '0072', status: 'inactive', validTo: null, uses: 3 };

test('each value that is shown is the snapshot’s own: labels and order alone come from elsewhere', () => {
  const presented = [
    { label: 'status', value: 'inactive' },
    { label: 'serial number', value: '0072' },
    // A server that lies: no member has this value, so it is not shown.
    { label: 'valid to', value: '2040-01-01' },
  ];
  expect(snapshotLines(snapshot, presented)).toEqual([
    { label: 'status', member: 'status', value: 'inactive' },
    { label: 'serial number', member: 'sn', value: '0072' },
    { label: null, member: 'validTo', value: 'null' },
    { label: null, member: 'uses', value: '3' },
  ]);
  expect(snapshotLines(snapshot, null).map(({ member }) => member)).toEqual(Object.keys(snapshot));
});

test('two values that are alike are two lines', () => {
  const lines = snapshotLines({ a: 'x', b: 'x' }, [
    { label: 'one', value: 'x' },
    { label: 'two', value: 'x' },
    { label: 'three', value: 'x' },
  ]);
  expect(lines.map(({ member, label }) => [member, label])).toEqual([
    ['a', 'one'],
    ['b', 'two'],
  ]);
});

test('differences are told field by field', () => {
  expect(snapshotDifferences(snapshot, { ...snapshot, status: 'active' })).toEqual([
    { member: 'status', before: 'inactive', after: 'active' },
  ]);
  expect(snapshotDifferences(null, { sn: '1' })).toEqual([{ member: 'sn', before: null, after: '1' }]);
  expect(snapshotDifferences({ sn: '1' }, { uses: 1 })).toEqual([
    { member: 'sn', before: '1', after: null },
    { member: 'uses', before: null, after: '1' },
  ]);
  expect(snapshotDifferences(snapshot, { ...snapshot })).toEqual([]);
});

test('a reading is that of its round, the last one where there are two', () => {
  const entry = (round: number, readRequestId: string) => ({
    index: round,
    key: String(round),
    type: 'change.prechecked',
    time: '2026-11-24T10:00:00.000Z',
    round,
    snapshot,
    readRequestId,
    warning: null,
  });
  const entries = [entry(1, 'a'), entry(2, 'b'), entry(2, 'c')];
  expect(readingOf(entries, 2)).toMatchObject({ requestId: 'c' });
  expect(readingOf(entries, 3)).toBeUndefined();
});
