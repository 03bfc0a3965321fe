import { Cron } from 'croner';
import { dayOf, localClock } from './local-time.ts';

/** When a window opens once. */
export interface Opening {
  readonly moment: number;
  /** The day that the expression names, `YYYY-MM-DD`; the clock may have skipped to the next by the moment. */
  readonly day: string;
}

/** The openings of an expression in a zone, in their order. */
export interface Openings {
  /** The last one at or before a moment, but none that is older than `noOlder`; or null. */
  last(moment: number, noOlder: number): Opening | null;
  /** The first one after a moment, or null. */
  next(moment: number): Opening | null;
}

const mostSettings = 200;

/**
 * The openings of a cron expression of five fields.
 *
 * An expression that names hours names local times, and each is one opening: one that comes twice opens the first time, one that
 * the clock skips opens when the clock goes on. An expression of every hour follows the time that passes: it comes in both hours where one
 * comes twice, and not for an hour that is skipped.
 *
 * @throws Error for what is no such expression, RangeError for a zone that cannot be computed
 */
export function openingsOf(cron: string, timeZone: string): Openings {
  // Without a zone: which local times match depends on none.
  const local = new Cron(cron, { timezone: 'UTC', mode: '5-part', paused: true });
  const clock = localClock(timeZone);
  const before = (time: number) =>
    local.previousRuns(1, new Date(Math.floor(time / 1000) * 1000 + 1000))[0]?.getTime() ?? null;
  const after = (time: number) => local.nextRun(new Date(time))?.getTime() ?? null;

  if (!isOfEveryHour(cron)) {
    const opening = (time: number | null) =>
      time === null ? null : { moment: clock.momentOf(time), day: dayOf(time) };
    return {
      last: (moment) => opening(before(clock.reached(moment))),
      next: (moment) => opening(after(clock.reached(moment))),
    };
  }
  return {
    last(moment, noOlder) {
      let time = clock.at(moment);
      // From each setting of the clock to the one before.
      for (let end = moment; end >= noOlder;) {
        const found = before(time);
        if (found === null) return null;
        const set = clock.lastSet(end);
        const opens = end - (time - found);
        if (set === null || opens >= set.moment) return { moment: opens, day: dayOf(found) };
        end = set.moment - 1;
        time = set.before - 1;
      }
      return null;
    },
    next(moment) {
      // Searched from here on: at first what comes after the moment, then what comes with or after each setting of the clock.
      let from = moment;
      let time = clock.at(moment);
      let found = after(time);
      for (let step = 0; step < mostSettings && found !== null; step += 1) {
        const set = clock.nextSet(from);
        const opens = from + (found - time);
        if (set === null || opens < set) return { moment: opens, day: dayOf(found) };
        from = set;
        time = clock.at(set);
        found = after(time - 1);
      }
      return null;
    },
  };
}

/** Whether the field of hours, the second, takes in all of them. */
function isOfEveryHour(cron: string): boolean {
  const [, hours = ''] = cron.trim().split(/\s+/);
  // Most name one hour, or all of them: to look up their openings takes longer than the rest.
  if (hours === '*' || /^\d+$/.test(hours)) return hours === '*';
  const day = Date.UTC(2026, 0, 1);
  const hourly = new Cron(`0 ${hours} * * *`, { timezone: 'UTC', mode: '5-part', paused: true });
  return hourly.nextRuns(25, new Date(day - 1)).every((run, n) => run.getTime() === day + n * 3_600_000);
}
