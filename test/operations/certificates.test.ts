import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../domain/json.ts';
import { targetSchema } from '../../domain/target-schema.ts';
import { activeCaCertificate } from '../../operations/active-ca-certificate.ts';
import { activeDeviceCertificate } from '../../operations/active-device-certificate.ts';
import { caCertificateInput, deviceCertificateInput } from '../../operations/certificate-input.ts';
import { inactivateCaCertificate } from '../../operations/inactivate-ca-certificate.ts';
import { inactivateDeviceCertificate } from '../../operations/inactivate-device-certificate.ts';
import type { Operation } from '../../operations/operation.ts';

const input = (sn: unknown) => ({ regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', sn });
const ruleOf = (value: unknown): unknown => {
  const result = caCertificateInput.safeParse(value);
  if (result.success) return 'valid';
  const issue = result.error.issues[0];
  return issue?.code === 'custom' ? issue.params?.rule : issue?.code;
};

describe('Sn', () => {
  test.each<[string, unknown, unknown]>([
    ['one byte', '0', 'valid'],
    ['128 bytes of ASCII', 'a'.repeat(128), 'valid'],
    ['129 bytes of ASCII', 'a'.repeat(129), 'max_bytes'],
    ['64 two-byte characters', 'é'.repeat(64), 'valid'],
    ['65 two-byte characters', 'é'.repeat(65), 'max_bytes'],
    ['43 three-byte characters', '字'.repeat(43), 'max_bytes'],
    ['32 four-byte characters', '😀'.repeat(32), 'valid'],
    ['33 four-byte characters', '😀'.repeat(33), 'max_bytes'],
    ['nothing', '', 'required'],
    ['a control character', 'a\u0007b', 'no_control_characters'],
    ['a line feed', 'a\nb', 'no_control_characters'],
    ['a C1 control character', 'a\u0085b', 'no_control_characters'],
    ['a mark that turns the direction', 'a\u202eb', 'no_invisible_characters'],
    ['an isolate', 'a\u2066b\u2069', 'no_invisible_characters'],
    ['nothing of zero width', 'a\u200bb', 'no_invisible_characters'],
    ['a byte order mark', '\ufeffa', 'no_invisible_characters'],
    ['a line separator', 'a\u2028b', 'no_invisible_characters'],
    ['a soft hyphen', 'a\u00adb', 'no_invisible_characters'],
    ['a tag', 'a\u{e0041}', 'no_invisible_characters'],
    ['a filler', 'a\u3164', 'no_invisible_characters'],
    ['a leading blank', ' a', 'no_surrounding_blanks'],
    ['a trailing no-break space', 'a\u00A0', 'no_surrounding_blanks'],
    ['a lone surrogate', 'a\uD800', 'well_formed'],
    ['a number', 42, 'invalid_type'],
    ['null', null, 'invalid_type'],
  ])('%s', (_name, sn, expected) => {
    expect(ruleOf(input(sn))).toBe(expected);
  });
  test('unknown members are refused', () => {
    expect(ruleOf({ ...input('1'), more: 1 })).toBe('unrecognized_keys');
  });
});

describe('the serial numbers of a device certificate', () => {
  const device = (caSn: unknown, deviceSn: unknown) =>
    deviceCertificateInput.safeParse({
      regionId: 'cn-hangzhou',
      mqttInstanceId: 'post-cn-1',
      caSn,
      deviceSn,
    }).success;
  test.each([
    ['both of 128 bytes', 'a'.repeat(128), 'b'.repeat(128), true],
    ['a CA serial number that is too long', 'a'.repeat(129), 'b', false],
    ['a device serial number that is too long', 'a', 'b'.repeat(129), false],
    ['no CA serial number', undefined, 'b', false],
    ['an empty device serial number', 'a', '', false],
  ])('%s', (_what, caSn, deviceSn, expected) => {
    expect(device(caSn, deviceSn)).toBe(expected);
  });
});

const now = Date.parse('2026-06-01T00:00:00.000Z');
const validity = { validFrom: '2025-01-01T00:00:00.000Z', validTo: '2027-01-01T00:00:00.000Z' };
const ca = { sn: '1', caName: 'n', status: 'inactive', ...validity, fingerprint: null };
const device = {
  ...{ caSn: '1', deviceSn: '2', deviceName: 'n', status: 'inactive', ...validity, fingerprint: null },
  caStatus: 'active',
};
const right = '2026-06-01T00:00:00.000Z';

/** An operation with the snapshot of its kind, inactive and valid; the rest of the snapshot is what a case changes. */
const family: readonly [Operation, JsonObject, 'active' | 'inactive'][] = [
  [activeCaCertificate, ca, 'active'],
  [inactivateCaCertificate, ca, 'inactive'],
  [activeDeviceCertificate, device, 'active'],
  [inactivateDeviceCertificate, device, 'inactive'],
];
const other = { active: 'inactive', inactive: 'active' };

describe.each(family)('%#: what the precheck says', (operation, whole, wished) => {
  const activates = wished === 'active';
  test.each<[string, object | null, string | null]>([
    ['of the other status and valid', {}, null],
    ['without an end', { validTo: null }, null],
    ['not there', null, 'target_not_found'],
    ['of the wished status', { status: wished }, `already_${wished}`],
    ['of a status nobody knows', { status: '7' }, 'unknown_status'],
    ['ending right now', { validTo: right }, activates ? 'certificate_expired' : null],
    ['of the wished status, and expired', { status: wished, validTo: right }, `already_${wished}`],
  ])('%s', (_name, changed, expected) => {
    const snapshot = changed && { ...whole, status: other[wished], ...changed };
    const refusal = operation.refusal(snapshot, now);
    expect(refusal?.code ?? null).toBe(expected);
    if (refusal) expect(refusal.message).toMatch(/certificate/);
  });
});

test.each([
  [activeDeviceCertificate, null, 'ca_not_found'],
  [activeDeviceCertificate, 'inactive', null],
  [activeDeviceCertificate, '7', null],
  [inactivateDeviceCertificate, null, null],
  [inactivateDeviceCertificate, 'inactive', null],
])('%#: under a CA certificate with another status', (operation, caStatus, expected) => {
  const status = operation === activeDeviceCertificate ? 'inactive' : 'active';
  expect(operation.refusal({ ...device, status, caStatus }, now)?.code ?? null).toBe(expected);
});

describe.each(family)('%#: what it comes to', (operation, whole, wished) => {
  test('is the wished status and no other', () => {
    for (const status of ['active', 'inactive', '7', '']) {
      expect(operation.achieved({ ...whole, status })).toBe(status === wished);
    }
  });

  test('leaves what identifies the target', () => {
    const identity = operation.identity(whole);
    expect(operation.identity({ ...whole, status: 'another' })).toEqual(identity);
    for (const member of Object.keys(whole)) {
      if (member === 'status' || member === 'caStatus') continue;
      expect(operation.identity({ ...whole, [member]: 'another' })).not.toEqual(identity);
    }
  });

  test('is presented whole, each line with a label of its own', () => {
    const lines = operation.present(whole);
    expect(new Set(lines.map(({ label }) => label)).size).toBe(lines.length);
    expect(lines).toContainEqual({ label: 'status', value: 'inactive' });
    for (const member of Object.keys(whole)) {
      expect(operation.present({ ...whole, [member]: 'ANOTHER' })).not.toEqual(lines);
    }
  });
});

test('an inactive CA certificate is shown with what it means', () => {
  const shown = (caStatus: string | null) =>
    activeDeviceCertificate.present({ ...device, caStatus }).find(({ label }) => label === 'CA status')
      ?.value;
  expect(shown('active')).toBe('active');
  expect(shown('inactive')).toBe('inactive: no device under it can connect');
  expect(shown(null)).toBe('not there: no device under it can connect');
});

describe('targets', () => {
  const at = { regionId: 'r-1', mqttInstanceId: 'i' };
  const caId = (mqttInstanceId: string, sn: string) =>
    activeCaCertificate.target({ ...at, mqttInstanceId, sn }).id;
  const deviceId = (caSn: string, deviceSn: string) =>
    activeDeviceCertificate.target({ ...at, caSn, deviceSn }).id;

  test('of different parts are different strings', () => {
    expect(caId('a/b', 'c')).not.toBe(caId('a', 'b/c'));
    expect(deviceId('a/device', 'b')).not.toBe(deviceId('a', 'device/b'));
    expect(deviceId('a', 'b')).not.toBe(caId('i', 'a'));
    expect(deviceId('a', 'b')).not.toBe(caId('i', 'a/device/b'));
  });

  test('are the same for both operations on one certificate', () => {
    expect(inactivateCaCertificate.target({ ...at, sn: 's' })).toEqual(
      activeCaCertificate.target({ ...at, sn: 's' }),
    );
    const input = { ...at, caSn: 's', deviceSn: 'd' };
    expect(inactivateDeviceCertificate.target(input)).toEqual(activeDeviceCertificate.target(input));
  });

  test.each(family)('%#: fit the schema of a target, at their longest', (operation, whole) => {
    const longest = { regionId: `cn-${'a'.repeat(61)}`, mqttInstanceId: '%'.repeat(128) };
    const sns =
      'sn' in whole ? { sn: '%'.repeat(128) } : { caSn: '%'.repeat(128), deviceSn: '%'.repeat(128) };
    const input = { ...longest, ...sns };
    expect(operation.input.safeParse(input).success).toBe(true);
    expect(targetSchema.safeParse(operation.target(input)).success).toBe(true);
  });
});
