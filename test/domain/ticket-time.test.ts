import { describe, expect, test } from 'vitest';
import { ticketTime } from '../../domain/ticket-time.ts';
import type { TicketTimes } from '../../domain/ticket-time.ts';

function read(text: string, times: TicketTimes): string | null {
  const at = ticketTime(text, times);
  return at === null ? null : new Date(at).toISOString();
}

describe('with a zone', () => {
  test.each<[string, string | null]>([
    ['2026-11-29T11:00:00.000+0000', '2026-11-29T11:00:00.000Z'],
    ['2026-11-29T11:00:00.000+0800', '2026-11-29T03:00:00.000Z'],
    ['2026-11-29T11:00:00-03:30', '2026-11-29T14:30:00.000Z'],
    ['2026-11-29T11:00Z', '2026-11-29T11:00:00.000Z'],
    ['2026-11-29T11:00:00.123456Z', '2026-11-29T11:00:00.123Z'],
    ['2026-11-29T11:00:00.5Z', '2026-11-29T11:00:00.500Z'],
    // Nobody says in which zone that is.
    ['2026-11-29 11:00:00', null],
    ['2026-11-31T11:00:00Z', null],
    ['2026-13-01T11:00:00Z', null],
    ['2026-11-29T24:00:00Z', null],
    ['2026-11-29T11:60:00Z', null],
    ['2026-11-29T11:00:00+15:00', null],
    ['2026-11-29T11:00:00+01:60', null],
    ['2026-11-29T11:00:00', null],
    ['2026-11-29', null],
    ['29.11.2026 11:00:00', null],
    ['1764414000000', null],
    ['2026-11-29T11:00:00Z\n', null],
    ['', null],
  ])('%j is %s', (text, moment) => {
    expect(read(text, 'zoned')).toBe(moment);
  });
});

describe('in UTC', () => {
  test.each<[string, string | null]>([
    ['2026-11-29 11:00:00', '2026-11-29T11:00:00.000Z'],
    ['2028-02-29 00:00:00', '2028-02-29T00:00:00.000Z'],
    ['2026-11-29T11:00:00Z', null],
    ['2026-02-29 00:00:00', null],
    ['2026-11-29 11:00:60', null],
    ['2026-11-29 11:00', null],
    ['2026-11-29', null],
    [' 2026-11-29 11:00:00', null],
    ['2026-11-29 11:00:00\n', null],
    ['', null],
  ])('%j is %s', (text, moment) => {
    expect(read(text, 'utc')).toBe(moment);
  });
});
