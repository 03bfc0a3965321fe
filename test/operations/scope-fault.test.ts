import { expect, test } from 'vitest';
import { scopeFault } from '../../operations/scope-fault.ts';
import { operations } from '../support/operations.ts';

const ca = ['*CaCertificate'];
test.each<[string, readonly string[] | undefined, readonly string[], string | null]>([
  ['no member', undefined, [], null],
  ['members of one operation', undefined, ['regionId', 'caSn', 'deviceSn'], null],
  ['members of those that are named', ca, ['sn'], null],
  [
    'a member that is misspelt',
    undefined,
    ['regionID'],
    'regionID; known: regionId, mqttInstanceId, sn, caSn',
  ],
  ['a member of others', ca, ['deviceSn'], 'deviceSn; known: regionId, mqttInstanceId, sn'],
  ['members of different operations', undefined, ['sn', 'deviceSn'], 'all of sn, deviceSn'],
  ['an inherited member', undefined, ['constructor'], 'constructor'],
  ['an operation that is none', ['Nothing'], ['regionID'], null],
])('%s', (_what, patterns, members, expected) => {
  const fault = scopeFault(operations, patterns, Object.fromEntries(members.map((name) => [name, '*'])));
  if (expected === null) expect(fault).toBeNull();
  else expect(fault).toContain(expected);
});

test.each(operations.list)('$name lists the members of its targets, and no other', (operation) => {
  const at = { regionId: 'cn-a', mqttInstanceId: 'post-cn-1' };
  const input = operation.scope.includes('sn') ? { ...at, sn: '1' } : { ...at, caSn: '1', deviceSn: '2' };
  expect(Object.keys(operation.target(input).scope).sort()).toEqual([...operation.scope].sort());
});
