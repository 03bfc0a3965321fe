import { describe, expect, test } from 'vitest';
import { openTimes, windowProblem, windowsAt } from '../../calendar/window.ts';
import type { Window } from '../../domain/window.ts';

const nightly: Window = { cron: '0 22 * * *', durationMinutes: 480, timeZone: 'Asia/Shanghai', holidays: [] };
const berlin = (cron: string, durationMinutes: number, holidays: string[] = []): Window => ({
  cron,
  durationMinutes,
  timeZone: 'Europe/Berlin',
  holidays,
});

/** `open until …`, `opens …`, with times as they are written in the tables. */
function at(windows: readonly Window[], moment: string): string {
  const state = windowsAt(windows, Date.parse(moment));
  const time = (ms: number | null) => (ms === null ? 'never' : new Date(ms).toISOString().slice(0, 16) + 'Z');
  return state.open ? `open until ${time(state.until)}` : `opens ${time(state.opens)}`;
}

describe('a moment and some windows', () => {
  test.each<[string, Window[], string, string]>([
    ['no window is always open', [], '2026-11-24T09:00Z', 'open until never'],
    // 22:00 in Shanghai is 14:00 UTC.
    ['before it opens', [nightly], '2026-11-24T13:59:59.999Z', 'opens 2026-11-24T14:00Z'],
    ['at the moment it opens', [nightly], '2026-11-24T14:00Z', 'open until 2026-11-24T22:00Z'],
    ['over midnight', [nightly], '2026-11-24T17:00Z', 'open until 2026-11-24T22:00Z'],
    ['in its last millisecond', [nightly], '2026-11-24T21:59:59.999Z', 'open until 2026-11-24T22:00Z'],
    ['at the moment it closes', [nightly], '2026-11-24T22:00Z', 'opens 2026-11-25T14:00Z'],
    ['over the year’s end', [nightly], '2026-12-31T20:00Z', 'open until 2026-12-31T22:00Z'],
    [
      'once a year, long ago',
      [{ ...nightly, cron: '0 0 1 1 *' }],
      '2026-11-24T00:00Z',
      'opens 2026-12-31T16:00Z',
    ],
    ['on a leap day', [{ ...nightly, cron: '0 0 29 2 *' }], '2026-11-24T00:00Z', 'opens 2028-02-28T16:00Z'],
  ])('%s', (_name, windows, moment, expected) => {
    expect(at(windows, moment)).toBe(expected);
  });

  test.each<[string, Window[], string, string]>([
    // The clock goes from 02:00 to 03:00, which is 01:00 UTC.
    [
      'opens in the skipped hour: when the clock goes on',
      [berlin('30 2 * * *', 60)],
      '2026-03-29T00:59Z',
      'opens 2026-03-29T01:00Z',
    ],
    [
      'opened in the skipped hour: as long as ever',
      [berlin('30 2 * * *', 60)],
      '2026-03-29T01:30Z',
      'open until 2026-03-29T02:00Z',
    ],
    ['the day after', [berlin('30 2 * * *', 60)], '2026-03-30T00:30Z', 'open until 2026-03-30T01:30Z'],
    [
      'over the skipped hour: eight hours, not seven',
      [berlin('0 22 * * *', 480)],
      '2026-03-29T04:30Z',
      'open until 2026-03-29T05:00Z',
    ],
    // The clock goes from 03:00 back to 02:00, which is 01:00 UTC.
    [
      'opens in the repeated hour: the first time',
      [berlin('30 2 * * *', 30)],
      '2026-10-25T00:29Z',
      'opens 2026-10-25T00:30Z',
    ],
    [
      'in the repeated hour’s second time: closed',
      [berlin('30 2 * * *', 30)],
      '2026-10-25T01:30Z',
      'opens 2026-10-26T01:30Z',
    ],
    [
      'over the repeated hour: eight hours, not nine',
      [berlin('0 22 * * *', 480)],
      '2026-10-25T03:30Z',
      'open until 2026-10-25T04:00Z',
    ],
    [
      'every hour, while it repeats',
      [berlin('0 * * * *', 10)],
      '2026-10-25T01:05Z',
      'open until 2026-10-25T01:10Z',
    ],
    [
      'a midnight that is skipped',
      [{ ...nightly, cron: '0 0 * * *', durationMinutes: 60, timeZone: 'America/Sao_Paulo' }],
      '2018-11-04T02:59Z',
      'opens 2018-11-04T03:00Z',
    ],
  ])('when the clock changes: %s', (_name, windows, moment, expected) => {
    expect(at(windows, moment)).toBe(expected);
  });

  const weekday = { ...nightly, holidays: ['2026-12-25', '2027-01-01'] };
  test.each<[string, Window[], string, string]>([
    ['does not begin on one', [weekday], '2026-12-25T14:30Z', 'opens 2026-12-26T14:00Z'],
    // The 25th begins at 16:00 UTC of the 24th in Shanghai.
    ['ends where one begins', [weekday], '2026-12-24T15:00Z', 'open until 2026-12-24T16:00Z'],
    ['is closed in its small hours', [weekday], '2026-12-24T16:00Z', 'opens 2026-12-26T14:00Z'],
    ['does not go on after one', [weekday], '2026-12-25T17:00Z', 'opens 2026-12-26T14:00Z'],
    ['at the year’s end', [weekday], '2026-12-31T15:59Z', 'open until 2026-12-31T16:00Z'],
    [
      'is of its own zone: the same day elsewhere does not count',
      [berlin('0 20 * * *', 60, ['2026-12-25'])],
      '2026-12-24T19:30Z',
      'open until 2026-12-24T20:00Z',
    ],
    [
      'every minute, on a holiday: opens at the next midnight',
      [{ ...nightly, cron: '* * * * *', durationMinutes: 1, holidays: ['2026-12-25'] }],
      '2026-12-24T20:00Z',
      'opens 2026-12-25T16:00Z',
    ],
    [
      'the only day is one',
      [{ ...nightly, cron: '0 0 25 12 *', holidays: ['2026-12-25'] }],
      '2026-12-01T00:00Z',
      'opens 2027-12-24T16:00Z',
    ],
  ])('a holiday: %s', (_name, windows, moment, expected) => {
    expect(at(windows, moment)).toBe(expected);
  });

  const utc = (cron: string, durationMinutes: number): Window => ({
    cron,
    durationMinutes,
    timeZone: 'UTC',
    holidays: [],
  });
  test.each<[string, Window[], string, string]>([
    [
      'overlap: open until the later ends',
      [utc('0 8 * * *', 120), utc('0 9 * * *', 120)],
      '2026-11-24T08:30Z',
      'open until 2026-11-24T11:00Z',
    ],
    [
      'one within the other',
      [utc('0 8 * * *', 240), utc('0 9 * * *', 30)],
      '2026-11-24T09:10Z',
      'open until 2026-11-24T12:00Z',
    ],
    [
      'touch: no gap',
      [utc('0 8 * * *', 60), utc('0 9 * * *', 60)],
      '2026-11-24T08:30Z',
      'open until 2026-11-24T10:00Z',
    ],
    [
      'a gap between',
      [utc('0 8 * * *', 60), utc('1 9 * * *', 60)],
      '2026-11-24T09:00Z',
      'opens 2026-11-24T09:01Z',
    ],
    [
      'of two zones, the earlier opens',
      [nightly, berlin('0 14 * * *', 60)],
      '2026-11-24T12:00Z',
      'opens 2026-11-24T13:00Z',
    ],
    ['overlap with themselves', [utc('0 * * * *', 90)], '2026-11-24T08:30Z', 'open until never'],
    ['never close', [utc('0 0 * * *', 1440)], '2026-11-24T08:30Z', 'open until never'],
    ['never open again', [{ ...utc('0 0 30 2 *', 60) }], '2026-11-24T08:30Z', 'opens never'],
  ])('several: %s', (_name, windows, moment, expected) => {
    expect(at(windows, moment)).toBe(expected);
  });
});

test('each moment of a week with a change of the clock is open just when a walk from opening to opening says so', () => {
  for (const window of [
    berlin('*/45 1-4 * * *', 20),
    berlin('15 * * * 0,6', 50, ['2026-10-24']),
    berlin('30 2 * * *', 1500, ['2026-10-26']),
    { ...berlin('10 1,2 * * *', 200), timeZone: 'America/New_York' },
  ]) {
    for (const from of ['2026-03-06T00:00Z', '2026-03-27T00:00Z', '2026-10-23T00:00Z', '2026-10-30T00:00Z']) {
      let open: number | null = null;
      for (let minute = 0; minute < 4 * 1440; minute += 37) {
        const now = Date.parse(from) + minute * 60_000;
        const state = windowsAt([window], now);
        // What one answer foretells is what the next ones say.
        if (open !== null && now < open) expect([now, state.open]).toEqual([now, true]);
        if (!state.open && state.opens !== null) {
          expect(windowsAt([window], state.opens).open).toBe(true);
          expect(windowsAt([window], state.opens - 1).open).toBe(false);
        }
        open = state.open ? state.until : null;
        if (open !== null) expect(windowsAt([window], open).open).toBe(false);
      }
    }
  }
});

test.each<[string, Partial<Window>, string | null]>([
  ['nothing', {}, null],
  ['four fields', { cron: '0 22 * *' }, 'cron'],
  ['six fields', { cron: '0 0 22 * * *' }, 'cron'],
  ['a nickname', { cron: '@daily' }, 'cron'],
  ['an hour of no day', { cron: '0 25 * * *' }, 'cron'],
  ['a day of no year', { cron: '0 0 30 2 *' }, 'cron'],
  ['no length', { durationMinutes: 0 }, 'durationMinutes'],
  ['half a minute', { durationMinutes: 0.5 }, 'durationMinutes'],
  ['more than a week', { durationMinutes: 10_081 }, 'durationMinutes'],
  ['a zone of no map', { timeZone: 'Mars/Olympus' }, 'timeZone'],
  ['an empty zone', { timeZone: '' }, 'timeZone'],
  ['a day of no calendar', { holidays: ['2026-02-29'] }, 'holidays'],
  ['a day in other words', { holidays: ['29.2.2028'] }, 'holidays'],
])('%s is found fault with', (_name, wrong, field) => {
  expect(windowProblem({ ...nightly, ...wrong })?.split(':')[0] ?? null).toBe(field);
});

describe('the times in which windows are open', () => {
  const day = 86_400_000;
  const shown = (windows: readonly Window[], from: string, days: number, most = 1000) => {
    const start = Date.parse(from);
    const { times, upTo, problem } = openTimes(windows, start, start + days * day, most);
    const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16) + 'Z';
    return { times: times.map((time) => `${iso(time.from)} ${iso(time.until)}`), upTo: iso(upTo), problem };
  };

  test.each<[string, Window[], string, number, string[]]>([
    [
      'each night',
      [nightly],
      '2026-11-24T00:00Z',
      2,
      ['2026-11-24T14:00Z 2026-11-24T22:00Z', '2026-11-25T14:00Z 2026-11-25T22:00Z'],
    ],
    ['cut off at both ends', [nightly], '2026-11-24T20:00Z', 0.05, ['2026-11-24T20:00Z 2026-11-24T21:12Z']],
    [
      'that overlap or touch are one',
      [nightly, { ...nightly, cron: '0 6 * * *', durationMinutes: 60 }, { ...nightly, cron: '30 23 * * *' }],
      '2026-11-24T12:00Z',
      0.9,
      ['2026-11-24T14:00Z 2026-11-24T23:30Z'],
    ],
    [
      'for an hour without a gap between its minutes',
      [{ ...nightly, cron: '* 22 * * *', durationMinutes: 1 }],
      '2026-11-24T00:00Z',
      1,
      ['2026-11-24T14:00Z 2026-11-24T15:00Z'],
    ],
    ['none within', [{ ...nightly, cron: '0 0 1 1 *' }], '2026-11-24T00:00Z', 3, []],
    ['none at all', [], '2026-11-24T00:00Z', 3, []],
  ])('%s', (_name, windows, from, days, times) => {
    const upTo = new Date(Date.parse(from) + days * day).toISOString().slice(0, 16) + 'Z';
    expect(shown(windows, from, days)).toEqual({ times, upTo, problem: null });
  });

  test('are complete as far as they say where there are too many', () => {
    const often: Window = { ...nightly, cron: '*/2 * * * *', durationMinutes: 1 };
    const { times, upTo } = shown([often], '2026-11-24T00:00Z', 3, 10);
    expect(times).toHaveLength(5);
    expect(upTo).toBe('2026-11-24T00:10Z');
  });

  test('leave out a window that cannot be computed, and say so', () => {
    const { times, problem } = shown(
      [{ ...nightly, timeZone: 'Mars/Olympus' }, nightly],
      '2026-11-24T00:00Z',
      1,
    );
    expect(times).toEqual(['2026-11-24T14:00Z 2026-11-24T22:00Z']);
    expect(problem).toContain('Mars/Olympus');
  });

  test('are what is said of each minute, also when the clock changes', () => {
    for (const windows of [
      [berlin('30 2 * * *', 90)],
      [berlin('0 */3 * * *', 200), berlin('15 1 * * 0,6', 50, ['2026-10-24'])],
      [{ ...berlin('10 1,2 * * *', 20), timeZone: 'America/New_York' }, nightly],
    ]) {
      for (const from of [
        '2026-03-06T00:00Z',
        '2026-03-27T00:00Z',
        '2026-10-23T00:00Z',
        '2026-10-30T00:00Z',
      ]) {
        const start = Date.parse(from);
        const { times } = openTimes(windows, start, start + 4 * day, 1000);
        for (let at = start; at < start + 4 * day; at += 7 * 60_000) {
          const isIn = times.some((time) => time.from <= at && at < time.until);
          expect([at, isIn]).toEqual([at, windowsAt(windows, at).open]);
        }
      }
    }
  });
});
