import { Temporal } from 'temporal-polyfill';

/**
 * How the clock of a zone runs. Local times are milliseconds since 1970 as the clock on the wall has them, as if it were UTC's: so
 * expressions can be looked up in them without any zone.
 */
export interface LocalClock {
  /** What the clock shows at a moment. */
  at(moment: number): number;
  /** The largest local time that has been shown, or passed over, by a moment; while an hour comes again, the end of the first. */
  reached(moment: number): number;
  /** The moment of a local time: its first where it comes twice, and where the clock skips it the moment when the clock goes on. */
  momentOf(local: number): number;
  /** When the clock was last set before or at a moment, and what it would have shown then; null when it never was. */
  lastSet(moment: number): { readonly moment: number; readonly before: number } | null;
  /** When it will next be set, or null. */
  nextSet(moment: number): number | null;
  /** The first moment of a day, `YYYY-MM-DD`. */
  startOf(day: string): number;
}

/** The day of a local time, `YYYY-MM-DD`. */
export function dayOf(local: number): string {
  return new Date(local).toISOString().slice(0, 10);
}

/** Between two settings of a clock. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly offset: number;
  /** What the clock would have shown at `from`, had it not been set; null where it never was before. */
  readonly before: number | null;
}

const farthest = 26 * 3_600_000;
const mostStretches = 16;
const known = new Map<string, LocalClock>();

/** The clock of a zone. @throws RangeError for a zone that cannot be computed */
export function localClock(timeZone: string): LocalClock {
  const there = known.get(timeZone);
  if (there) return there;
  const made = makeClock(timeZone);
  // Names differ in case alone, too: what is not in the map of zones has thrown.
  if (known.size < 2000) known.set(timeZone, made);
  return made;
}

function makeClock(timeZone: string): LocalClock {
  // An offset is no zone of the map, and the documentation promises none.
  if (!/^[A-Za-z]/.test(timeZone)) throw new RangeError(`no time zone: ${timeZone}`);
  const zoned = (moment: number) =>
    Temporal.Instant.fromEpochMilliseconds(moment).toZonedDateTimeISO(timeZone);
  const offsetAt = (moment: number) => zoned(moment).offsetNanoseconds / 1e6;
  let kept: readonly Stretch[] = [];

  /** Settings are searched for, which takes a while: the stretches that were asked about last are kept. */
  function stretchOf(moment: number): Stretch {
    const there = kept.find(({ from, to }) => moment >= from && moment < to);
    if (there) return there;
    const here = zoned(moment);
    // A setting at this very moment has happened.
    const set = zoned(moment + 1).getTimeZoneTransition('previous')?.epochMilliseconds ?? null;
    const made = {
      from: set ?? -Infinity,
      to: here.getTimeZoneTransition('next')?.epochMilliseconds ?? Infinity,
      offset: here.offsetNanoseconds / 1e6,
      before: set === null ? null : set + offsetAt(set - 1),
    };
    kept = [made, ...kept.slice(0, mostStretches - 1)];
    return made;
  }

  function lastSet(moment: number) {
    const { from, before } = stretchOf(moment);
    return before === null ? null : { moment: from, before };
  }
  const at = (moment: number) => moment + stretchOf(moment).offset;

  // A zone that cannot be computed fails here, and not later.
  offsetAt(0);
  return {
    at,
    lastSet,
    reached(moment) {
      const set = lastSet(moment);
      return set === null ? at(moment) : Math.max(at(moment), set.before - 1);
    },
    momentOf(local) {
      // No clock is further from UTC than that: from before the moment, through the settings of the clock.
      for (let stretch = stretchOf(local - farthest); ; stretch = stretchOf(stretch.to)) {
        const moment = local - stretch.offset;
        if (moment < stretch.to) return Math.max(moment, stretch.from);
      }
    },
    nextSet(moment) {
      const { to } = stretchOf(moment);
      return to === Infinity ? null : to;
    },
    startOf: (day) => Temporal.PlainDate.from(day).toZonedDateTime(timeZone).epochMilliseconds,
  };
}
