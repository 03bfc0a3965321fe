import type { Answer } from '../answer.ts';
import { failure } from './access.ts';
import type { Instance, Row } from './instance.ts';
import type { User } from './settings.ts';
import { isAllowed } from './states.ts';

/** What a body sets: values by field, notes by journal field, and the names that are ignored. */
export interface Wanted {
  readonly values: Row;
  readonly notes: Row;
  readonly ignored: readonly string[];
}

/** Reads a body of fields. Unknown ones are ignored and named; fixed ones are ignored without a word. */
export function wantedOf(instance: Instance, table: string, body: Readonly<Record<string, unknown>>): Wanted {
  const fields = instance.fieldsOf(table) ?? {};
  const values: Row = {};
  const notes: Row = {};
  const ignored: string[] = [];
  for (const [name, given] of Object.entries(body)) {
    const type = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (type === undefined) ignored.push(name);
    if (type === undefined || type.isFixed === true) continue;
    if (instance.held.settings.ignoredFields.includes(`${table}.${name}`)) continue;
    const value = asText(given);
    if (type.kind !== 'journal') values[name] = value.slice(0, type.longest);
    else if (value !== '') notes[name] = value;
  }
  return { values, notes, ignored };
}

function asText(given: unknown): string {
  if (typeof given === 'string') return given;
  if (typeof given === 'number' || typeof given === 'boolean') return String(given);
  const inner = typeof given === 'object' && given !== null && 'value' in given ? given.value : '';
  return typeof inner === 'string' ? inner : '';
}

/** Makes a record. */
export function create(instance: Instance, table: string, wanted: Wanted, user: User): Row {
  const row = instance.insert(table, wanted.values, user.userName);
  addNotes(instance, table, row, wanted, user);
  return row;
}

/**
 * Changes a record, where business rules let it.
 *
 * @returns an answer that refuses, or null: it was changed, or a rule left it as it was without a word
 */
export function change(
  instance: Instance,
  table: string,
  row: Row,
  wanted: Wanted,
  user: User,
): Answer | null {
  if (table === 'change_request') {
    const after = { ...row, ...wanted.values };
    if (!isAllowed(row, after, instance.held.settings)) {
      if (instance.held.settings.refusal === 'silent') return null;
      return failure(
        403,
        'Operation Failed',
        "Operation against file 'change_request' was aborted by Business Rule 'Change State Transition^a1'. " +
          'Business Rule Stack:Change State Transition',
      );
    }
  }
  instance.update(table, row, wanted.values, user.userName);
  addNotes(instance, table, row, wanted, user);
  return null;
}

function addNotes(instance: Instance, table: string, row: Row, { notes }: Wanted, { userName }: User): void {
  for (const [element, value] of Object.entries(notes)) instance.note(table, row, element, value, userName);
}
