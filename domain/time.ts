/** Milliseconds since the epoch as the one form that times have here: `YYYY-MM-DDTHH:MM:SS.sssZ`. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** A time with its distance from UTC, of a day that there is, as ms since 1970; null for anything else. */
export function momentOf(text: string): number | null {
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  if (!isTime || !isDay(text.slice(0, 10)) || text.slice(11, 13) === '24') return null;
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? null : moment;
}

/** Whether the calendar has a day, `YYYY-MM-DD`: the parser takes 31 February for 3 March. */
function isDay(text: string): boolean {
  const midnight = Date.parse(`${text}T00:00:00.000Z`);
  return !Number.isNaN(midnight) && isoTime(midnight).startsWith(text);
}
