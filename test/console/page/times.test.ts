import { afterEach, describe, expect, test } from 'vitest';
import { retryAtOf, setClock } from '../../../console/page/clock.ts';
import { makeFormats } from '../../../console/page/formats.ts';
import { en } from '../../../console/page/words/en.ts';
import { zhCn } from '../../../console/page/words/zh-cn.ts';
import { fieldOf, momentIn, startOfDay } from '../../../console/page/zoned-time.ts';

const own = process.env['TZ'];
afterEach(() => {
  if (own === undefined) delete process.env['TZ'];
  else process.env['TZ'] = own;
});

describe('a field of a date and time', () => {
  test.each([
    ['Asia/Shanghai', '2026-11-24T18:00', '2026-11-24T10:00:00.000Z'],
    ['America/New_York', '2026-11-01T00:30', '2026-11-01T04:30:00.000Z'],
    // The hour that comes twice is taken for the first, the one that there is not for the next.
    ['America/New_York', '2026-11-01T01:30', '2026-11-01T05:30:00.000Z'],
    ['America/New_York', '2026-03-08T02:30', '2026-03-08T07:30:00.000Z'],
  ])('is of the device’s zone: %s %s', (zone, value, moment) => {
    process.env['TZ'] = zone;
    expect(momentIn(value, 'local')).toBe(moment);
    expect(momentIn(value, 'utc')).toBe(`${value}:00.000Z`);
    expect(fieldOf(moment, 'utc')).toBe(moment.slice(0, 16));
  });

  test('that is empty or none is no moment', () => {
    expect(momentIn('', 'local')).toBeNull();
    expect(momentIn('tomorrow', 'utc')).toBeNull();
    expect(fieldOf('tomorrow', 'utc')).toBe('');
  });
});

test.each([
  ['America/New_York', '2026-03-08T05:00:00.000Z', '2026-03-09T04:00:00.000Z'],
  ['America/New_York', '2026-11-01T04:00:00.000Z', '2026-11-02T05:00:00.000Z'],
  ['Asia/Shanghai', '2026-03-07T16:00:00.000Z', '2026-03-08T16:00:00.000Z'],
])('a day begins at midnight, also after one of 23 or 25 hours: %s %s', (zone, day, next) => {
  process.env['TZ'] = zone;
  const noon = Date.parse(day) + 12 * 3_600_000;
  expect(new Date(startOfDay(noon, 'local')).toISOString()).toBe(day);
  expect(new Date(startOfDay(noon, 'local', 1)).toISOString()).toBe(next);
  expect(new Date(startOfDay(noon, 'utc', 1)).toISOString()).toBe(
    `${new Date(noon + 86_400_000).toISOString().slice(0, 10)}T00:00:00.000Z`,
  );
});

test('a refusal says when to come back in seconds or as a date, by the server’s clock', () => {
  setClock(new Date(Date.now() + 3_600_000).toUTCString());
  const inSeconds = (retryAtOf('30') ?? 0) - Date.now();
  setClock(new Date().toUTCString());
  expect(Math.round(inSeconds / 10_000)).toBe(363);
  expect(retryAtOf('Sun, 29 Nov 2026 20:00:00 GMT')).toBe(Date.parse('2026-11-29T20:00:00.000Z'));
  expect(retryAtOf('soon')).toBeNull();
  expect(retryAtOf(null)).toBeNull();
});

describe('times', () => {
  test('name their zone, in both languages', () => {
    process.env['TZ'] = 'Asia/Shanghai';
    const at = '2026-11-24T10:00:00.000Z';
    expect(makeFormats(en, 'local').moment(at)).toMatch(/Nov 24, 2026, 18:00 GMT\+8/);
    expect(makeFormats(en, 'utc').moment(at)).toMatch(/Nov 24, 2026, 10:00 UTC/);
    expect(makeFormats(zhCn, 'local').moment(at)).toMatch(
      /2026年11月24日 GMT\+8 18:00|2026年11月24日.*18:00/,
    );
    expect(makeFormats(en, 'local').zoneName).toBe('Asia/Shanghai');
  });

  test('of the hour that comes twice can be told apart', () => {
    process.env['TZ'] = 'America/New_York';
    const formats = makeFormats(en, 'local');
    const [first, second] = ['2026-11-01T05:30:00.000Z', '2026-11-01T06:30:00.000Z'].map((at) =>
      formats.moment(at),
    );
    expect(first).toContain('01:30 EDT');
    expect(second).toContain('01:30 EST');
  });

  test('that are none are shown as they came', () => {
    expect(makeFormats(en, 'utc').moment('soon')).toBe('soon');
  });
});

test.each([
  [0, '0 milliseconds', '0ms', '0毫秒'],
  [999, '999 milliseconds', '999ms', '999毫秒'],
  [1500, '1.5 seconds', '1.5s', '1.5秒钟'],
  [61_000, '1 minute, 1 second', '1m 1s', '1分钟1秒钟'],
  [3_600_000, '1 hour', '1h', '1小时'],
  [90_061_000, '1 day, 1 hour', '1d 1h', '1天1小时'],
  [86_400_000 + 60_000, '1 day, 1 minute', '1d 1m', '1天1分钟'],
])('a length of %i ms is %s', (ms, long, short, chinese) => {
  expect(makeFormats(en, 'utc').duration(ms)).toBe(long);
  expect(makeFormats(en, 'utc').shortDuration(ms)).toBe(short);
  expect(makeFormats(zhCn, 'utc').duration(ms)).toBe(chinese);
});
