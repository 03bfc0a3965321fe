import { expect, test } from 'vitest';
import { addressGuard } from '../../../tickets/webhook/special-addresses.ts';

const isAllowed = addressGuard([]);

test.each([
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '100.100.100.200',
  '100.127.255.255',
  '127.0.0.1',
  '127.8.9.10',
  '168.63.129.16',
  '::ffff:168.63.129.16',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:100.100.100.200',
  '::FFFF:A9FE:A9FE',
  '0:0:0:0:0:ffff:7f00:0001',
  '64:ff9b::10.0.0.1',
  '64:ff9b::8.8.8.8',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  '2001:db8::1',
  '2002:7f00:1::',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'fe80::1%eth0',
  'ff02::1',
  'no address',
  '',
  '127.1',
])('%s is not allowed', (address) => {
  expect(isAllowed(address)).toBe(false);
});

test.each([
  '8.8.8.8',
  '100.63.255.255',
  '100.128.0.1',
  '168.63.129.17',
  '172.32.0.1',
  '::ffff:8.8.8.8',
  '2606:4700::1111',
  '2400:3200::1',
])('%s is allowed', (address) => {
  expect(isAllowed(address)).toBe(true);
});

test('a range allows what is in it, however it is written, and nothing beside it', () => {
  const guard = addressGuard(['10.1.0.0/16', 'fd00:1::/32']);
  expect(
    ['10.1.2.3', '::ffff:10.1.2.3', '10.2.0.1', '127.0.0.1', 'fd00:1::5', 'fd00:2::5', '8.8.8.8'].map(guard),
  ).toEqual([true, true, false, false, true, false, true]);
});
