/**
 * How a ticket system writes moments in its fields: `zoned` is ISO 8601 with a zone, as Jira does; `utc` is
 * `YYYY-MM-DD HH:MM:SS` in UTC, as ServiceNow stores them.
 */
export const ticketTimes = ['zoned', 'utc'] as const;
export type TicketTimes = (typeof ticketTimes)[number];

const zoned = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d{2}):?(\d{2}))$/;
const utc = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}):(\d{2})$/;
const minute = 60_000;

/**
 * A moment as a ticket system writes it, ms since the epoch. Null for anything else, a date without a time and another
 * system's way included: what is not certain opens no window.
 */
export function ticketTime(text: string, times: TicketTimes): number | null {
  switch (times) {
    case 'utc': {
      const plain = utc.exec(text);
      return plain && momentOf(plain[1], plain[2], plain[3], '0');
    }
    case 'zoned':
      return zonedTime(text);
  }
}

/** Jira's `+0100` has no colon. */
function zonedTime(text: string): number | null {
  const found = zoned.exec(text);
  if (!found) return null;
  const [, day, time, seconds = '00', fraction = '0', sign, hours = '00', minutes = '00'] = found;
  if (Number(hours) > 14 || Number(minutes) > 59) return null;
  const at = momentOf(day, time, seconds, fraction);
  const offset = (Number(hours) * 60 + Number(minutes)) * minute;
  return at === null ? null : at - (sign === '-' ? -offset : offset);
}

/** In UTC. Null for a day or an hour that there is not, such as 30 February: Date would roll it over. */
function momentOf(day = '', time = '', seconds = '', fraction = '0'): number | null {
  const text = `${day}T${time}:${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
  const at = Date.parse(text);
  return Number.isNaN(at) || new Date(at).toISOString() !== text ? null : at;
}
