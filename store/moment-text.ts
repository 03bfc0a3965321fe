/** SQL: a `timestamptz` as ISO 8601 with milliseconds, UTC, as entries have times. */
export function momentText(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
