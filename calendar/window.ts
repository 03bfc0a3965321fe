import { Temporal } from 'temporal-polyfill';
import type { Window } from '../domain/window.ts';
import { localClock } from './local-time.ts';
import { openingsOf } from './openings.ts';
import type { Opening } from './openings.ts';

/** Where a moment stands to some windows; times in milliseconds since the epoch. */
export type WindowState = (
  | {
      readonly open: true;
      /** When it closes; null: it stays open for long. */ readonly until: number | null;
    }
  | { readonly open: false; /** When it opens; null: never again. */ readonly opens: number | null }
) & {
  /** What is wrong with the first window that cannot be computed, in words, or null. It counts as closed. */
  readonly problem: string | null;
};

const minute = 60_000;
/** How many openings that follow each other without a gap are looked through; beyond, it counts as staying open. */
const mostInARow = 50;
/** How many openings on holidays are passed over. */
const mostHolidays = 400;

/**
 * Whether a change may run at a moment: within any of its windows, or always when it has none.
 *
 * Which openings a window has, also when the clock changes, is {@link openingsOf}'s rule. Durations are elapsed time, so a window
 * over a change of the clock is as long as any other. On a holiday of
 * its zone a window is closed: one that names a time of that day does not take place, one that reaches into it ends at its midnight.
 * Zones are those of this process's Node, which is why no workflow asks this: two workers may know different ones.
 *
 * It never throws: a window that cannot be computed is closed, and the answer says so.
 *
 * @param now - milliseconds since the epoch
 */
export function windowsAt(windows: readonly Window[], now: number): WindowState {
  if (windows.length === 0) return { open: true, until: null, problem: null };
  const all: { readonly window: Parsed; readonly end: number | null; readonly opens: number | null }[] = [];
  let problem: string | null = null;
  for (const one of windows) {
    try {
      const window = parsed(one);
      const end = window.openUntil(now);
      all.push({ window, end, opens: end === null ? window.nextOpening(now) : null });
    } catch (error) {
      problem ??= `a window cannot be computed: ${problemOf(one) ?? String(error)}`;
    }
  }
  const ends = all.map(({ end }) => end).filter((end) => end !== null);
  if (ends.length === 0) {
    const openings = all.map(({ opens }) => opens).filter((start) => start !== null);
    return { open: false, opens: openings.length === 0 ? null : Math.min(...openings), problem };
  }
  let until = Math.max(...ends);
  for (let step = 0; step < mostInARow; step += 1) {
    // Another window, or the same once more, may be open at the moment this one closes.
    const further = Math.max(...all.map(({ window }) => window.openUntil(until) ?? until));
    if (further <= until) return { open: true, until, problem };
    until = further;
  }
  return { open: true, until: null, problem };
}

/** Whether a change may run at a moment, as {@link windowsAt} says; until when is not looked for. */
export function isOpenAt(windows: readonly Window[], now: number): boolean {
  const isOpen = (one: Window) => {
    try {
      return parsed(one).openUntil(now) !== null;
    } catch {
      return false;
    }
  };
  return windows.length === 0 || windows.some(isOpen);
}

/** A time in which a window is open, ms since the epoch: `from` is in it, `until` is not. */
export interface OpenTime {
  readonly from: number;
  readonly until: number;
}

/**
 * When windows are open within a time, in order; those that overlap or touch are one. As {@link windowsAt}, it never throws.
 *
 * @param most - how many openings and closings are looked for
 * @returns `upTo`: until when the list is complete; earlier than `to` where there are more than `most`
 */
export function openTimes(
  windows: readonly Window[],
  from: number,
  to: number,
  most: number,
): { readonly times: readonly OpenTime[]; readonly upTo: number; readonly problem: string | null } {
  const all: Parsed[] = [];
  let problem: string | null = null;
  for (const one of windows) {
    try {
      const window = parsed(one);
      window.openUntil(from);
      all.push(window);
    } catch (error) {
      problem ??= `a window cannot be computed: ${problemOf(one) ?? String(error)}`;
    }
  }
  const times: { readonly from: number; until: number }[] = [];
  let at = from;
  for (let step = 0; step < most && at < to; step += 1) {
    const ends = all.map((window) => window.openUntil(at)).filter((end) => end !== null);
    if (ends.length === 0) {
      // Infinity where none ever opens again.
      at = Math.min(...all.map((window) => window.nextOpening(at) ?? Infinity));
      continue;
    }
    const until = Math.min(Math.max(...ends), to);
    const last = times.at(-1);
    if (last?.until === at) last.until = until;
    else times.push({ from: at, until });
    at = until;
  }
  return { times, upTo: Math.min(at, to), problem };
}

/** What is wrong with a stored window, which may be anything. */
function problemOf(window: Window): string | null {
  try {
    return windowProblem(window);
  } catch {
    return 'it is none';
  }
}

/** What is wrong with a window, in words, or null. One that never opens is wrong too. Zones are tried with what computes them. */
export function windowProblem(window: Window): string | null {
  const { cron, durationMinutes, timeZone, holidays } = window;
  if (!Number.isInteger(durationMinutes) || durationMinutes < 1 || durationMinutes > 10_080) {
    return `durationMinutes: expected a whole number from 1 to 10080, got ${durationMinutes}`;
  }
  if (!isTimeZone(timeZone))
    return `timeZone: expected an IANA time zone such as Asia/Shanghai, got ${timeZone}`;
  const badDay = holidays.find((day) => !isDay(day));
  if (badDay !== undefined) return `holidays: expected days like 2026-12-31, got ${badDay}`;
  if (cron.trim().split(/\s+/).length !== 5) return `cron: expected five fields, got ${cron}`;
  try {
    if (openingsOf(cron, timeZone).next(Date.now()) === null) return `cron: ${cron} never comes`;
  } catch (error) {
    return `cron: ${(error as Error).message}`;
  }
  return null;
}

type Parsed = ReturnType<typeof makeParsed>;

const known = new Map<string, Parsed>();

/** A window's expression is read once: the same few windows are asked about before each call. */
function parsed(window: Window): Parsed {
  const id = JSON.stringify([window.cron, window.durationMinutes, window.timeZone, window.holidays]);
  const there = known.get(id);
  if (there) return there;
  const made = makeParsed(window);
  if (known.size >= 1000) known.clear();
  known.set(id, made);
  return made;
}

function makeParsed({ cron, durationMinutes, timeZone, holidays }: Window) {
  const openings = openingsOf(cron, timeZone);
  // To look for what never comes takes long, each time.
  if (openings.next(0) === null) return { openUntil: () => null, nextOpening: () => null };
  const clock = localClock(timeZone);
  const closedDays = [...new Set(holidays)].sort();
  const lengthMs = durationMinutes * minute;

  /** When an opening closes; null where that is a holiday's, or its holiday begins with it. */
  function end({ moment, day }: Opening): number | null {
    if (closedDays.includes(day)) return null;
    const holiday = closedDays.find((closed) => closed > day);
    const until =
      holiday === undefined ? moment + lengthMs : Math.min(moment + lengthMs, clock.startOf(holiday));
    return until > moment ? until : null;
  }

  /** The opening that was asked about last, with the moment of the next: until then it is the last one. */
  let latest: { readonly opening: Opening; readonly next: number } | null = null;

  function lastOpening(now: number): Opening | null {
    if (latest !== null && now >= latest.opening.moment && now < latest.next) return latest.opening;
    const opening = openings.last(now, now - lengthMs);
    if (opening !== null) latest = { opening, next: openings.next(opening.moment)?.moment ?? Infinity };
    return opening;
  }

  return {
    /** Until when it is open, or null when it is closed. */
    openUntil(now: number): number | null {
      // Only the last opening counts: an earlier one ends before it, or at the holiday that lies between.
      const opening = lastOpening(now);
      const until = opening === null ? null : end(opening);
      return until !== null && until > now ? until : null;
    },
    /** The first opening after a moment, or null. */
    nextOpening(now: number): number | null {
      let after = now;
      for (let step = 0; step < mostHolidays; step += 1) {
        const opening = openings.next(after);
        if (opening === null) return null;
        if (end(opening) !== null) return opening.moment;
        const tomorrow = Temporal.PlainDate.from(opening.day).add({ days: 1 }).toString();
        // Just before midnight: what begins at midnight is still to come.
        after = Math.max(opening.moment, clock.startOf(tomorrow) - 1);
      }
      return null;
    },
  };
}

function isTimeZone(name: string): boolean {
  try {
    localClock(name);
    return true;
  } catch {
    return false;
  }
}

function isDay(text: string): boolean {
  try {
    return /^\d{4}-\d\d-\d\d$/.test(text) && Temporal.PlainDate.from(text).toString() === text;
  } catch {
    return false;
  }
}
