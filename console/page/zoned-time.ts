import type { Zone } from './formats.ts';

/** The moment that a field `datetime-local` or `date` has, in the zone in which times are shown; null for none. @returns ISO 8601, UTC */
export function momentIn(value: string, zone: Zone): string | null {
  if (value === '') return null;
  const whole = value.includes('T') ? value : `${value}T00:00`;
  const time = new Date(zone === 'utc' ? `${whole}Z` : whole);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

/** What the field has to show for a moment, to the minute. */
export function fieldOf(moment: string, zone: Zone): string {
  const time = new Date(moment);
  if (Number.isNaN(time.getTime())) return '';
  const shifted = zone === 'utc' ? time : new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

/**
 * When the day of a moment begins, or the one so many days after it, ms since 1970. Where clocks are put on or back, not
 * every day has 24 hours.
 *
 * @param time - ms since 1970
 */
export function startOfDay(time: number, zone: Zone, daysAfter = 0): number {
  const day = new Date(time);
  return zone === 'utc'
    ? Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() + daysAfter)
    : new Date(day.getFullYear(), day.getMonth(), day.getDate() + daysAfter).getTime();
}
