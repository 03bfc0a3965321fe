import { describe, expect, test } from 'vitest';
import { always, bothPeriods, periodLine, readPeriod, refusalByPeriod } from '../../domain/key-period.ts';
import type { KeyPeriod, Signed } from '../../domain/key-period.ts';

const period = (more: Partial<KeyPeriod>): KeyPeriod => ({ ...always, ...more });

describe('whether a signature is believed', () => {
  test.each<[string, Partial<KeyPeriod>, Partial<Signed>, ReturnType<typeof refusalByPeriod>]>([
    ['without bounds', {}, {}, null],
    ['at the first index', { fromIndex: 5 }, {}, null],
    ['before the first index', { fromIndex: 6 }, {}, 'outside'],
    ['before the end', { beforeIndex: 6 }, {}, null],
    ['at the end', { beforeIndex: 5 }, {}, 'outside'],
    ['said to be from the first moment', { after: 100 }, {}, null],
    ['said to be before the first moment', { after: 101 }, {}, 'outside'],
    ['seen before the first moment', { after: 90 }, { seenAt: 89 }, 'outside'],
    ['said to be at the last moment', { before: 100 }, { seenAt: 1 }, 'outside'],
    ['said to be before, seen by nobody', { before: 101 }, {}, 'unproven'],
    ['said to be before, seen at the end', { before: 101 }, { seenAt: 101 }, 'unproven'],
    ['seen before the end', { before: 101 }, { seenAt: 100 }, null],
    ['before the end by another key’s word', { before: 101, beforeIndex: 6 }, {}, null],
    [
      'by an index that nobody vouches for',
      { before: 101, beforeIndex: 6 },
      { indexIsProved: false },
      'unproven',
    ],
    ['seen before, without a word of its own', { before: 101 }, { saidAt: null, seenAt: 100 }, null],
    ['seen by nobody, without a word of its own', { before: 101 }, { saidAt: null }, 'unproven'],
  ])('%s', (_name, bounds, more, refusal) => {
    const signed = { index: 5, saidAt: 100, seenAt: null, indexIsProved: true, ...more };
    expect(refusalByPeriod(period(bounds), signed)).toBe(refusal);
  });
});

test('of two periods every bound holds', () => {
  const one = { fromIndex: 3, beforeIndex: null, after: 10, before: 30 };
  const other = { fromIndex: 1, beforeIndex: 9, after: null, before: 20 };
  const both = { fromIndex: 3, beforeIndex: 9, after: 10, before: 20 };
  expect([bothPeriods(one, other), bothPeriods(other, one)]).toEqual([both, both]);
  expect(bothPeriods(always, one)).toEqual(one);
});

test('a line says the period, and is written as it is read', () => {
  const line =
    'valid-after=2026-11-01T00:00:00.000Z valid-before=2026-11-30T12:00:00.000Z valid-from-index=3 valid-before-index=9';
  expect(readPeriod(line)).toEqual({
    fromIndex: 3,
    beforeIndex: 9,
    after: Date.parse('2026-11-01T00:00:00Z'),
    before: Date.parse('2026-11-30T12:00:00Z'),
  });
  expect(periodLine(readPeriod(line) as KeyPeriod)).toBe(line);
  expect(periodLine(always)).toBe('');
});

test.each([
  'valid-until=2026-11-01T00:00:00Z',
  'valid-before=2026-11-01',
  'valid-before=tomorrow',
  'valid-before=',
  'valid-before-index=-1',
  'valid-before-index=1.5',
  'valid-before-index=',
  'valid-before-index=4 valid-before-index=9',
  'valid-before-index=4, valid-from-index=2',
  'valid-before-index=4 example.com/log',
])('%s says no period', (line) => {
  expect(readPeriod(line)).toBeTypeOf('string');
});
