import { expect, test } from 'vitest';
import { pollerKind, strangersAmong, workerIdentity } from '../../domain/worker-identity.ts';

const own = '0123456789ab';

test.each([
  ['one of ours', workerIdentity(own, '17@host'), 'ours'],
  ['a replica', workerIdentity(own, '18@other'), 'ours'],
  ['one of another database', workerIdentity('ba9876543210', '17@host'), 'of_another_database'],
  ['one of an earlier version, or of a host', '17@host', 'unknown'],
  ['one that nearly says it', `countersign/${own}`, 'unknown'],
  ['nobody', '', 'unknown'],
])('%s', (_, identity, kind) => {
  expect(pollerKind(identity, own)).toBe(kind);
});

test('who has gone does not count, who asks twice counts once, and ours are none', () => {
  const now = 1_000_000;
  const other = workerIdentity('ba9876543210', '1@a');
  const pollers = [
    { identity: workerIdentity(own, '1@a'), lastSeen: now },
    { identity: other, lastSeen: now - 60_000 },
    { identity: other, lastSeen: now },
    { identity: workerIdentity('ffffffffffff', '1@a'), lastSeen: now - 76_000 },
    { identity: '9@host', lastSeen: now },
  ];
  expect(strangersAmong(pollers, own, now)).toEqual([
    { identity: '9@host', kind: 'unknown' },
    { identity: other, kind: 'of_another_database' },
  ]);
});
