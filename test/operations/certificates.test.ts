import { describe, expect, test } from 'vitest';
import { caCertificateInput } from '../../operations/certificate-input.ts';
import { activeCaCertificate } from '../../operations/active-ca-certificate.ts';

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

describe('what the precheck says', () => {
  const now = Date.parse('2026-06-01T00:00:00.000Z');
  const snapshot = {
    sn: '1',
    caName: 'n',
    status: 'inactive',
    validFrom: '2025-01-01T00:00:00.000Z',
    validTo: '2027-01-01T00:00:00.000Z',
    fingerprint: null,
  };
  test.each([
    ['inactive and valid', snapshot, null],
    ['without an end', { ...snapshot, validTo: null }, null],
    ['not there', null, 'target_not_found'],
    ['active', { ...snapshot, status: 'active' }, 'already_active'],
    ['of a status nobody knows', { ...snapshot, status: '7' }, 'unknown_status'],
    ['ending right now', { ...snapshot, validTo: '2026-06-01T00:00:00.000Z' }, 'certificate_expired'],
  ])('%s', (_name, value, expected) => {
    expect(activeCaCertificate.refusal(value, now)?.code ?? null).toBe(expected);
  });
});

test('targets of different parts are different strings', () => {
  const target = (mqttInstanceId: string, sn: string) =>
    activeCaCertificate.target({ regionId: 'r-1', mqttInstanceId, sn }).id;
  expect(target('a/b', 'c')).not.toBe(target('a', 'b/c'));
});
