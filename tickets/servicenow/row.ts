/** A record as ServiceNow answers it. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * The value of a field as the database has it: times in UTC, references as sys_id, numbers and booleans as text.
 *
 * @returns `''` when it is empty; null when the answer has no such field, as when this account may not see it
 */
export function valueOf(row: Row, name: string): string | null {
  const field: unknown = Object.hasOwn(row, name) ? row[name] : undefined;
  if (typeof field === 'object' && field !== null) return textOf('value' in field ? field.value : undefined);
  return textOf(field);
}

/** What people see of a field, in the zone and language of the account; null as for {@link valueOf}. */
export function displayOf(row: Row, name: string): string | null {
  const field: unknown = Object.hasOwn(row, name) ? row[name] : undefined;
  if (typeof field !== 'object' || field === null) return textOf(field);
  return textOf('display_value' in field ? field.display_value : undefined);
}

/** What can neither be kept in Postgres nor in canonical JSON is replaced. */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\u0000', '\ufffd');
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return null;
}

const sysId = /^[0-9a-f]{32}$/;

/** Whether a text is a sys_id. */
export function isSysId(text: string): boolean {
  return sysId.test(text);
}

/** Whether a search for one text also finds the other: it looks at neither case nor spaces around. */
export function isSameText(found: string | null, wanted: string): boolean {
  return found !== null && found.trim().toLowerCase() === wanted.trim().toLowerCase();
}
