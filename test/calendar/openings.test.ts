import { describe, expect, test } from 'vitest';
import { openingsOf } from '../../calendar/openings.ts';
import { windowProblem, windowsAt } from '../../calendar/window.ts';
import type { Window } from '../../domain/window.ts';
import { minutesAround, naiveOpenings, settingsOf } from './naive-openings.ts';

const zones: [string, number][] = [
  ['America/New_York', 2026],
  ['America/Los_Angeles', 2026],
  ['America/St_Johns', 2026],
  ['America/Havana', 2026],
  ['America/Santiago', 2026],
  ['America/Asuncion', 2023],
  ['America/Sao_Paulo', 2018],
  ['America/Nuuk', 2026],
  ['America/Scoresbysund', 2026],
  ['America/Caracas', 2016],
  ['Atlantic/Azores', 2026],
  ['Europe/London', 2026],
  ['Europe/Dublin', 2026],
  ['Europe/Berlin', 2026],
  ['Europe/Chisinau', 2026],
  ['Europe/Istanbul', 2016],
  ['Africa/Casablanca', 2026],
  ['Africa/Cairo', 2026],
  ['Asia/Beirut', 2026],
  ['Asia/Jerusalem', 2026],
  ['Asia/Gaza', 2026],
  ['Asia/Tehran', 2022],
  ['Asia/Pyongyang', 2018],
  ['Asia/Shanghai', 1991],
  ['Antarctica/Troll', 2026],
  ['Australia/Sydney', 2026],
  ['Australia/Lord_Howe', 2026],
  ['Pacific/Auckland', 2026],
  ['Pacific/Chatham', 2026],
  ['Pacific/Easter', 2026],
  ['Pacific/Apia', 2011],
];
const expressions = [
  '30 2,5 * * *',
  '30 1,5 * * *',
  '0 0 * * *',
  '30 23 * * *',
  '0,30 22-23 * * *',
  '15 0-3 * * *',
  '*/20 1-4 * * *',
  '0 */2 * * *',
  '45 0,1,2,3 * * 0',
  '0 1-23/2 * * 6,0',
  '5 * * * *',
  '*/7 * * * *',
  '0 0-23 * * *',
  '30 2 29-31 3 *',
];

describe('openings where the clock is set, against a look at every minute', () => {
  test.each(zones)('%s in %i', (timeZone, year) => {
    const settings = settingsOf(timeZone, year);
    expect(settings.length).toBeGreaterThan(0);
    for (const setting of settings) {
      const around = minutesAround(timeZone, setting, 30);
      const [first = 0] = around.moments;
      const end = around.moments.at(-1) ?? 0;
      // What is repeated within the first hours may have come before what is looked at.
      const from = first + 3 * 3_600_000;
      for (const cron of expressions) {
        const all = naiveOpenings(cron, around);
        const wanted = all.filter((moment) => moment > from);
        const openings = openingsOf(cron, timeZone);
        const found: number[] = [];
        for (let next = openings.next(from); next && next.moment <= end; next = openings.next(next.moment)) {
          found.push(next.moment);
        }
        const iso = (moments: readonly number[]) => moments.map((moment) => new Date(moment).toISOString());
        expect(iso(found), `${cron} in ${timeZone}`).toEqual(iso(wanted));
        const window: Window = { cron, durationMinutes: 13, timeZone, holidays: [] };
        for (let moment = from + 13 * 60_000; moment < end; moment += 131 * 60_000) {
          const last = all.filter((one) => one <= moment).at(-1);
          const isOpen = last !== undefined && moment < last + 13 * 60_000;
          expect(windowsAt([window], moment).open, `${cron} at ${moment}`).toBe(isOpen);
        }
      }
    }
  });
});

const at = (windows: readonly Window[], moment: string): string => {
  const state = windowsAt(windows, Date.parse(moment));
  const time = state.open ? state.until : state.opens;
  return `${state.open ? 'open until' : 'opens'} ${time === null ? 'never' : new Date(time).toISOString().slice(0, 16)}Z`;
};
const window = (cron: string, timeZone: string, durationMinutes = 60, holidays: string[] = []): Window => ({
  cron,
  timeZone,
  durationMinutes,
  holidays,
});

test.each<[string, Window, string, string]>([
  // The clock goes from 23:00 on Saturday to 00:00 on Sunday, which is 01:00 UTC.
  [
    'skipped before midnight',
    window('30 23 * * *', 'America/Nuuk'),
    '2026-03-29T00:59Z',
    'opens 2026-03-29T01:00Z',
  ],
  [
    'the same, in it',
    window('30 23 * * *', 'America/Nuuk'),
    '2026-03-29T01:30Z',
    'open until 2026-03-29T02:00Z',
  ],
  [
    'of Saturday, skipped',
    window('30 23 * * 6', 'America/Scoresbysund'),
    '2026-03-29T00:59Z',
    'opens 2026-03-29T01:00Z',
  ],
  [
    'of a holiday, skipped',
    window('30 23 * * *', 'America/Nuuk', 60, ['2026-03-28']),
    '2026-03-29T00:59Z',
    'opens 2026-03-30T00:30Z',
  ],
  [
    'into a holiday that begins then',
    window('30 23 * * *', 'America/Nuuk', 60, ['2026-03-29']),
    '2026-03-29T01:00Z',
    'opens 2026-03-31T00:30Z',
  ],
  // 02:00 becomes 03:00 at 07:00 UTC.
  [
    'one of a list, skipped',
    window('30 2,5 * * *', 'America/New_York'),
    '2026-03-08T06:59Z',
    'opens 2026-03-08T07:00Z',
  ],
  // 01:30 comes at 05:30 and at 06:30 UTC.
  [
    'one of a list, repeated: first',
    window('30 1,5 * * *', 'America/New_York', 30),
    '2026-11-01T05:29Z',
    'opens 2026-11-01T05:30Z',
  ],
  [
    'one of a list, repeated: not again',
    window('30 1,5 * * *', 'America/New_York', 30),
    '2026-11-01T06:30Z',
    'opens 2026-11-01T10:30Z',
  ],
])('%s', (_name, one, moment, expected) => {
  expect(at([one], moment)).toBe(expected);
});

describe('a zone that the library does not compute', () => {
  const broken = ['CST', 'PST', 'IST', 'ACT', 'AET', '+08:00', '-05', 'UTC+8', '', '8'];
  test.each(broken)('%j is found fault with, and nothing dies of it', (timeZone) => {
    const one = window('0 22 * * *', timeZone);
    expect(windowProblem(one)).toMatch(/^timeZone: /);
    expect(windowsAt([one], Date.parse('2026-11-24T12:00Z'))).toMatchObject({
      open: false,
      opens: null,
      problem: expect.stringMatching(/cannot be computed: timeZone/) as string,
    });
  });

  test('what is taken at load can be computed, for every name that there is', () => {
    const names = [
      ...Intl.supportedValuesOf('timeZone'),
      ...'EST MST HST UTC GMT EST5EDT CET Japan PRC'.split(' '),
    ];
    const abbreviations = [
      'CST',
      'EST',
      'ECT',
      'NET',
      'JST',
      'VST',
      'AST',
      'BST',
      'SST',
      'NST',
      'MIT',
      'CAT',
    ];
    for (const name of [...names, ...abbreviations]) {
      const one = window('30 2,5 * * *', name);
      const state = windowsAt([one], Date.parse('2026-06-01T00:00Z'));
      expect([name, state.problem === null]).toEqual([name, windowProblem(one) === null]);
    }
    for (const name of Intl.supportedValuesOf('timeZone')) {
      expect([name, windowProblem(window('0 1 * * *', name))]).toEqual([name, null]);
    }
  });

  test('beside a sound window it is closed and told of, and the other holds', () => {
    const both = [window('0 22 * * *', 'CST'), window('0 12 * * *', 'UTC')];
    expect(at(both, '2026-11-24T12:30Z')).toBe('open until 2026-11-24T13:00Z');
    expect(at(both, '2026-11-24T13:30Z')).toBe('opens 2026-11-25T12:00Z');
    expect(windowsAt(both, 0).problem).toMatch(/timeZone/);
  });

  test('a stored window may be anything', () => {
    for (const stored of [{}, { cron: 5 }, null, window('nonsense', 'UTC')]) {
      expect(windowsAt([stored as unknown as Window], 0)).toMatchObject({ open: false, opens: null });
    }
  });
});
