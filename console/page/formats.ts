import type { Words } from './words/en.ts';

/** In which zone times are shown: this device's, or UTC. */
export type Zone = 'local' | 'utc';

/** How times and numbers are written in one language and one zone. */
export interface Formats {
  /** Day and time to the minute, with the zone's name. @param time - ISO 8601 */
  moment(time: string): string;
  /** Day and time to the second, with the zone's name. */
  exactly(time: string): string;
  /** The day alone. @param time - ms since 1970 */
  day(time: number): string;
  /** Day and month, briefly, such as an axis has it. @param time - ms since 1970 */
  shortDay(time: number): string;
  /** How long until or since, roughly: `in 3 hours`. */
  relative(time: string, now: number): string;
  /** A length of time in words, in its two largest units: `1 day, 2 hours`. @param ms - milliseconds */
  duration(ms: number): string;
  /** The same as short as it can be, for an axis or a table: `1d 2h`. */
  shortDuration(ms: number): string;
  number(value: number): string;
  percent(part: number): string;
  /** The zone's name. */
  readonly zoneName: string;
}

/** See {@link Formats}. */
export function makeFormats(words: Pick<Words, 'language'>, zone: Zone): Formats {
  const { language } = words;
  const timeZone = zone === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;
  const inZone = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(language, { timeZone, ...options });
  const date = { year: 'numeric', month: 'short', day: 'numeric' } as const;
  const minute = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short' } as const;
  const moments = inZone({ ...date, ...minute });
  const seconds = inZone({ ...date, ...minute, second: '2-digit' });
  const days = inZone({ ...date, weekday: 'short' });
  const shortDays = inZone({ month: 'short', day: 'numeric' });
  const relatives = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const numbers = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const percents = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
  const at = (format: Intl.DateTimeFormat, time: string) => {
    const ms = Date.parse(time);
    // Whoever wrote it, it is no time: it is shown as it came.
    return Number.isNaN(ms) ? time : format.format(ms);
  };
  return {
    moment: (time) => at(moments, time),
    exactly: (time) => at(seconds, time),
    day: (time) => days.format(time),
    shortDay: (time) => shortDays.format(time),
    relative(time, now) {
      const [unit, size] = unitOf(Math.abs(Date.parse(time) - now));
      return relatives.format(Math.trunc((Date.parse(time) - now) / size), unit);
    },
    duration: durationsIn(language, 'long'),
    shortDuration: durationsIn(language, 'narrow'),
    number: (value) => numbers.format(value),
    percent: (part) => percents.format(part),
    zoneName: timeZone,
  };
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** The unit in which a difference is told: below two of the next, that is still too coarse. */
function unitOf(ms: number): readonly ['second' | 'minute' | 'hour' | 'day', number] {
  if (ms < minute) return ['second', second];
  if (ms < 2 * hour) return ['minute', minute];
  if (ms < 2 * day) return ['hour', hour];
  return ['day', day];
}

function durationsIn(language: string, style: 'long' | 'narrow'): (ms: number) => string {
  const list = new Intl.ListFormat(language, { type: 'unit', style });
  const write = (count: number, unit: string) =>
    new Intl.NumberFormat(language, {
      style: 'unit',
      unit,
      unitDisplay: style,
      maximumFractionDigits: 1,
    }).format(count);
  return (ms) => {
    if (ms < second) return write(Math.round(ms), 'millisecond');
    if (ms < 10 * second) return write(ms / second, 'second');
    const parts: string[] = [];
    let rest = Math.round(ms / second) * second;
    for (const [unit, size] of [
      ['day', day],
      ['hour', hour],
      ['minute', minute],
      ['second', second],
    ] as const) {
      const count = Math.floor(rest / size);
      rest -= count * size;
      if (count > 0) parts.push(write(count, unit));
      if (parts.length === 2 || (parts.length === 1 && rest === 0)) break;
    }
    return list.format(parts);
  };
}
