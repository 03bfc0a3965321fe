import { expect, test } from 'vitest';
import { changeIdOf } from '../../api/submit-request.ts';
import { changeIdOfHostKey, hostKeyOf } from '../../domain/host-key.ts';
import {
  changeQueueOf,
  defaultInstallation,
  installationFault,
  ownerFault,
  ownQueueFault,
  taskQueuesOf,
} from '../../domain/installation.ts';

test.each([['countersign'], ['payments'], ['team-a-2'], ['a'], ['a'.repeat(63)], ['onsmqtt']])(
  '%s is the name of an installation, and both queues lead back to it',
  (name) => {
    expect(installationFault(name)).toBeNull();
    const { changes, calls } = taskQueuesOf(name);
    expect([changeQueueOf(changes), changeQueueOf(calls)]).toEqual([name, name]);
    expect([ownQueueFault(name, changes), ownQueueFault(name, calls)]).not.toContain(null);
    expect(ownQueueFault(name, 'accounts')).toBeNull();
  },
);

test.each([
  [''],
  ['Payments'],
  ['pay ments'],
  ['pay/ments'],
  ['pay_ments'],
  ['-payments'],
  ['payments-'],
  ['pay--ments'],
  ['1payments'],
  ['zahlüng'],
  ['payments\n'],
  ['/_sys/payments'],
  // Its queue would be the one of another's calls.
  ['payments-onsmqtt'],
  ['a'.repeat(64)],
  [1],
  [null],
])('%j is none', (name) => {
  expect(installationFault(name)).toMatch(/^expected/);
});

const alice = { issuer: 'https://id.example', subject: 'alice' };

test('ids made of keys are as they were without a name, and others under each name', () => {
  expect(changeIdOf(alice, 'ops-1')).toBe(changeIdOf(alice, 'ops-1', defaultInstallation));
  expect(changeIdOf(alice, 'ops-1')).toBe('9021d080-175f-8fed-8ed3-f813d72c8f35');
  expect(hostKeyOf('run', 'key', defaultInstallation)).toBe(
    'host:7d50c1eb32060ccbe71815032c29511344a21dc38bafb44ad1610c0175d08794',
  );
  const names = [defaultInstallation, 'payments', 'orders'];
  expect(new Set(names.map((name) => changeIdOf(alice, 'ops-1', name))).size).toBe(3);
  expect(new Set(names.map((name) => changeIdOfHostKey(hostKeyOf('run', 'key', name)))).size).toBe(3);
});

test.each([
  ['payments', 'orders', true],
  ['payments', 'default', false],
  ['countersign', 'orders', false],
])('%s in %s may use what is of payments in orders: %s', (installation, namespace, may) => {
  const owner = { installation: 'payments', namespace: 'orders' };
  expect(ownerFault(owner, { installation, namespace }) === null).toBe(may);
});
