const iso = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d{2}):?(\d{2}))$/;
const serviceNow = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}):(\d{2})$/;
const minute = 60_000;

/**
 * A moment as ticket systems write it, ms since the epoch: ISO 8601 with a zone (Jira's `+0100` has no colon), or
 * ServiceNow's stored `YYYY-MM-DD HH:MM:SS`, which is UTC. Null for anything else, a date without a time included: what is
 * not certain opens no window.
 */
export function ticketTime(text: string): number | null {
  const plain = serviceNow.exec(text);
  if (plain) return utcOf(plain[1], plain[2], plain[3], '0');
  const zoned = iso.exec(text);
  if (!zoned) return null;
  const [, day, time, seconds = '00', fraction = '0', sign, hours = '00', minutes = '00'] = zoned;
  if (Number(hours) > 14 || Number(minutes) > 59) return null;
  const at = utcOf(day, time, seconds, fraction);
  const offset = (Number(hours) * 60 + Number(minutes)) * minute;
  return at === null ? null : at - (sign === '-' ? -offset : offset);
}

/** Null for a day or an hour that there is not, such as 30 February: Date would roll it over. */
function utcOf(day = '', time = '', seconds = '', fraction = '0'): number | null {
  const text = `${day}T${time}:${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
  const at = Date.parse(text);
  return Number.isNaN(at) || new Date(at).toISOString() !== text ? null : at;
}
