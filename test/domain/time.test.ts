import { expect, test } from 'vitest';
import { momentOf } from '../../domain/time.ts';

test.each([
  ['2026-11-30T12:00Z', '2026-11-30T12:00:00.000Z'],
  ['2026-11-30T12:00:01.5+08:00', '2026-11-30T04:00:01.500Z'],
  ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
])('%s is a moment', (text, iso) => {
  expect(momentOf(text)).toBe(Date.parse(iso));
});

test.each([
  ...['2026-02-29T00:00Z', '2026-02-31T00:00Z', '2026-11-31T12:00:00+08:00', '2026-13-01T00:00Z'],
  ...['2026-11-30T24:00Z', '2026-11-30T12:00', '2026-11-30', '1796018325', ''],
])('%j is none: there is no such day or hour, or no zone', (text) => {
  expect(momentOf(text)).toBeNull();
});
