/** The openings of an expression, found by looking at every minute: slow, and by nothing that the code uses but Intl's offsets. */
export interface NaiveDay {
  /** Moments, a minute apart. */
  readonly moments: readonly number[];
  /** What the clock shows at each, as if it were UTC. */
  readonly locals: readonly number[];
}

const minute = 60_000;

/** What the clock of a zone shows at a moment. */
function localAt(format: Intl.DateTimeFormat, moment: number): number {
  const part = Object.fromEntries(
    format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 0, day = 0, hour = 0, minute: minutes = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minutes);
}

function clockOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
}

/** Moments at which the clock of a zone is set within a year, to the minute. */
export function settingsOf(timeZone: string, year: number): number[] {
  const format = clockOf(timeZone);
  const offset = (moment: number) => localAt(format, moment) - moment;
  const found: number[] = [];
  const end = Date.UTC(year + 1, 0, 1);
  for (let from = Date.UTC(year, 0, 1); from < end; from += 86_400_000) {
    let [low, high] = [from, from + 86_400_000];
    if (offset(low) === offset(high)) continue;
    while (high - low > minute) {
      const middle = low + Math.floor((high - low) / 2 / minute) * minute;
      if (offset(middle) === offset(low)) low = middle;
      else high = middle;
    }
    found.push(high);
  }
  return found;
}

/** Every minute around a moment. */
export function minutesAround(timeZone: string, moment: number, hours: number): NaiveDay {
  const format = clockOf(timeZone);
  const moments = Array.from({ length: 2 * hours * 60 }, (_, n) => moment - hours * 60 * minute + n * minute);
  return { moments, locals: moments.map((one) => localAt(format, one)) };
}

function fieldOf(field: string, low: number, high: number): Set<number> {
  const values = new Set<number>();
  for (const item of field.split(',')) {
    const [range = '', step = '1'] = item.split('/');
    const [a = '', b = a] = range === '*' ? [String(low), String(high)] : range.split('-');
    const to = item.includes('/') && !range.includes('-') && range !== '*' ? high : Number(b);
    for (let value = Number(a); value <= to; value += Number(step)) values.add(value);
  }
  return values;
}

/** The moments at which an expression of lists, ranges and steps opens. */
export function naiveOpenings(cron: string, { moments, locals }: NaiveDay): number[] {
  const [minutes = '', hours = '', days = '', months = '', weekdays = ''] = cron.split(' ');
  const allowed = {
    minutes: fieldOf(minutes, 0, 59),
    hours: fieldOf(hours, 0, 23),
    days: fieldOf(days, 1, 31),
    months: fieldOf(months, 1, 12),
    weekdays: fieldOf(weekdays, 0, 6),
  };
  const matches = (local: number): boolean => {
    const time = new Date(local);
    return (
      allowed.minutes.has(time.getUTCMinutes()) &&
      allowed.hours.has(time.getUTCHours()) &&
      allowed.days.has(time.getUTCDate()) &&
      allowed.months.has(time.getUTCMonth() + 1) &&
      allowed.weekdays.has(time.getUTCDay())
    );
  };
  const ofEveryHour = allowed.hours.size === 24;
  const shown = new Set<number>();
  const found = new Set<number>();
  moments.forEach((moment, n) => {
    const local = locals[n] ?? 0;
    const before = locals[n - 1];
    if (matches(local) && (ofEveryHour || !shown.has(local))) found.add(moment);
    if (!ofEveryHour && before !== undefined) {
      for (let skipped = before + minute; skipped < local; skipped += minute) {
        if (matches(skipped) && !shown.has(skipped)) found.add(moment);
      }
    }
    shown.add(local);
  });
  return [...found].sort((a, b) => a - b);
}
