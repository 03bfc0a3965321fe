import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { localClock } from '../calendar/local-time.ts';
import { momentOf } from '../domain/time.ts';

/** Options of a command that is about a period. */
export interface PeriodOptions {
  readonly from?: string;
  readonly to?: string;
  readonly timeZone: string;
}

/** Adds the options of {@link PeriodOptions} to a command. */
export function asPeriod(command: Command): Command {
  return command
    .option('--from <time>', 'such as 2026-11-01, or 2026-11-01T08:00:00+08:00')
    .option('--to <time>', 'up to, without, this time; likewise')
    .option('--time-zone <zone>', 'in which days begin, such as Asia/Shanghai', 'UTC');
}

/** When a period begins and ends, milliseconds since the epoch; null where it was not said. */
export function readPeriod({ from, to, timeZone }: PeriodOptions): {
  readonly from: number | null;
  readonly to: number | null;
} {
  const period = { from: periodEnd('--from', from, timeZone), to: periodEnd('--to', to, timeZone) };
  if (period.from !== null && period.to !== null && period.from >= period.to)
    throw new InvalidArgumentError('--from must be before --to');
  return period;
}

function periodEnd(option: string, text: string | undefined, timeZone: string): number | null {
  if (text === undefined) return null;
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return startOf(option, text, timeZone);
  const moment = momentOf(text);
  if (moment !== null) return moment;
  throw new InvalidArgumentError(
    `${option}: expected a day or a time such as 2026-11-01T08:00:00Z, got ${text}`,
  );
}

function startOf(option: string, day: string, timeZone: string): number {
  const clock = clockOf(timeZone);
  try {
    return clock.startOf(day);
  } catch {
    throw new InvalidArgumentError(`${option}: expected a day of the calendar, got ${day}`);
  }
}

/** The clock of the zone that was named. @throws InvalidArgumentError */
export function clockOf(timeZone: string): ReturnType<typeof localClock> {
  try {
    return localClock(timeZone);
  } catch {
    throw new InvalidArgumentError(`--time-zone: expected a zone such as Asia/Shanghai, got ${timeZone}`);
  }
}
