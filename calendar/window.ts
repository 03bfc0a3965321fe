import { Cron } from 'croner';
import { Temporal } from 'temporal-polyfill';
import type { Window } from '../domain/window.ts';

/** Where a moment stands to some windows; times in milliseconds since the epoch. */
export type WindowState =
  | {
      readonly open: true;
      /** When it closes; null: it stays open for long. */ readonly until: number | null;
    }
  | { readonly open: false; /** When it opens; null: never again. */ readonly opens: number | null };

const minute = 60_000;
/** How many openings that follow each other without a gap are looked through; beyond, it counts as staying open. */
const mostInARow = 50;
/** How many openings on holidays are passed over. */
const mostHolidays = 400;

/**
 * Whether a change may run at a moment: within any of its windows, or always when it has none.
 *
 * An opening in an hour that the clock skips begins when the clock goes on; one in an hour that comes twice begins the
 * first time. Durations are elapsed time, so a window over a change of the clock is as long as any other. On a holiday of
 * its zone a window is closed: one that begins there does not take place, one that reaches into it ends at its midnight.
 * Zones are those of this process's Node, which is why no workflow asks this: two workers may know different ones.
 *
 * @param now - milliseconds since the epoch
 * @throws Error for a window that {@link windowProblem} finds fault with
 */
export function windowsAt(windows: readonly Window[], now: number): WindowState {
  if (windows.length === 0) return { open: true, until: null };
  const all = windows.map(parsed);
  const ends = all.map((window) => window.openUntil(now)).filter((end) => end !== null);
  if (ends.length === 0) {
    const openings = all.map((window) => window.nextOpening(now)).filter((start) => start !== null);
    return { open: false, opens: openings.length === 0 ? null : Math.min(...openings) };
  }
  let until = Math.max(...ends);
  for (let step = 0; step < mostInARow; step += 1) {
    // Another window, or the same once more, may be open at the moment this one closes.
    const further = Math.max(...all.map((window) => window.openUntil(until) ?? until));
    if (further <= until) return { open: true, until };
    until = further;
  }
  return { open: true, until: null };
}

/** What is wrong with a window, in words, or null. One that never opens is wrong too. */
export function windowProblem(window: Window): string | null {
  const { cron, durationMinutes, timeZone, holidays } = window;
  if (!Number.isInteger(durationMinutes) || durationMinutes < 1 || durationMinutes > 10_080) {
    return `durationMinutes: expected a whole number from 1 to 10080, got ${durationMinutes}`;
  }
  if (!isTimeZone(timeZone)) return `timeZone: expected an IANA time zone, got ${timeZone}`;
  const badDay = holidays.find((day) => !isDay(day));
  if (badDay !== undefined) return `holidays: expected days like 2026-12-31, got ${badDay}`;
  if (cron.trim().split(/\s+/).length !== 5) return `cron: expected five fields, got ${cron}`;
  try {
    if (cronOf(cron, timeZone).nextRun() === null) return `cron: ${cron} never comes`;
  } catch (error) {
    return `cron: ${(error as Error).message}`;
  }
  return null;
}

const known = new Map<string, ReturnType<typeof makeParsed>>();

/** A window's expression is read once: the same few windows are asked about before each call. */
function parsed(window: Window): ReturnType<typeof makeParsed> {
  const id = JSON.stringify([window.cron, window.durationMinutes, window.timeZone, window.holidays]);
  const there = known.get(id);
  if (there) return there;
  const made = makeParsed(window);
  if (known.size >= 1000) known.clear();
  known.set(id, made);
  return made;
}

function makeParsed({ cron, durationMinutes, timeZone, holidays }: Window) {
  const expression = cronOf(cron, timeZone);
  const closedDays = [...new Set(holidays)].sort();

  const dayOf = (ms: number) =>
    Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone).toPlainDate().toString();
  const midnightOf = (day: string) =>
    Temporal.PlainDate.from(day).toZonedDateTime(timeZone).epochMilliseconds;

  /** When an opening closes; null on a holiday. */
  function end(start: number): number | null {
    const day = dayOf(start);
    if (closedDays.includes(day)) return null;
    const usual = start + durationMinutes * minute;
    const holiday = closedDays.find((closed) => closed > day);
    return holiday === undefined ? usual : Math.min(usual, midnightOf(holiday));
  }

  return {
    /** Until when it is open, or null when it is closed. */
    openUntil(now: number): number | null {
      // Only the last opening counts: an earlier one ends before it, or at the holiday that lies between.
      const [start] = expression.previousRuns(1, new Date(Math.floor(now / 1000) * 1000 + 1000));
      const until = start === undefined ? null : end(start.getTime());
      return until !== null && until > now ? until : null;
    },
    /** The first opening after a moment, or null. */
    nextOpening(now: number): number | null {
      let after = now;
      for (let step = 0; step < mostHolidays; step += 1) {
        const start = expression.nextRun(new Date(after));
        if (start === null) return null;
        if (end(start.getTime()) !== null) return start.getTime();
        const tomorrow = Temporal.PlainDate.from(dayOf(start.getTime())).add({ days: 1 }).toString();
        // A second before midnight: what begins at midnight is still to come.
        after = Math.max(start.getTime(), midnightOf(tomorrow) - 1000);
      }
      return null;
    },
  };
}

function cronOf(cron: string, timezone: string): Cron {
  return new Cron(cron, { timezone, mode: '5-part', paused: true });
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format() !== '';
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
