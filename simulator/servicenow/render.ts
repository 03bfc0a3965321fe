import type { Instance, Row } from './instance.ts';
import { timeText } from './instance.ts';
import { stateLabels } from './states.ts';
import { choiceLabels } from './tables.ts';

/** `sysparm_display_value`. */
export type Shown = 'false' | 'true' | 'all';

/** How a row is answered. */
export interface Rendering {
  readonly shown: Shown;
  /** Whether numbers and booleans are typed, as in the Change Management API; the Table API has texts alone. */
  readonly isTyped?: boolean;
  /** Fields that were asked for, each perhaps through a reference (`approver.user_name`); all when empty. */
  readonly fields?: readonly string[];
  readonly hasLinks?: boolean;
}

/** A row as the answers have it; fields that are not there or hidden are left out. */
export function renderRow(instance: Instance, table: string, row: Row, rendering: Rendering): object {
  const { fields = [] } = rendering;
  const names = fields.length > 0 ? fields : Object.keys(instance.fieldsOf(table) ?? {});
  return Object.fromEntries(
    names.flatMap((name) => {
      const place = resolve(instance, table, row, name);
      if (place === null) return [];
      return [[name, renderField(instance, place.table, place.row, place.field, rendering)] as const];
    }),
  );
}

/** Where a field is: in the row itself, or in the record that a reference leads to. */
function resolve(instance: Instance, table: string, row: Row, name: string) {
  const { hiddenFields } = instance.held.settings;
  const [first = '', second] = name.split('.');
  const type = instance.fieldsOf(table)?.[first];
  if (type === undefined || hiddenFields.includes(`${table}.${first}`)) return null;
  if (second === undefined) return { table, row, field: first };
  if (type.kind !== 'reference') return null;
  const target = referenced(instance, row[first] ?? '');
  const isThere = target !== null && Object.hasOwn(instance.fieldsOf(target.table) ?? {}, second);
  return isThere ? { ...target, field: second } : null;
}

function referenced(instance: Instance, sysId: string): { table: string; row: Row } | null {
  for (const table of ['sys_user', 'change_request']) {
    const row = instance.find(table, sysId);
    if (row !== null) return { table, row };
  }
  return null;
}

function renderField(
  instance: Instance,
  table: string,
  row: Row,
  name: string,
  rendering: Rendering,
): unknown {
  const kind = instance.fieldsOf(table)?.[name]?.kind ?? 'text';
  const value = kind === 'journal' ? '' : (row[name] ?? '');
  const display = displayOf(instance, table, row, name);
  const link =
    kind === 'reference' && value !== '' && rendering.hasLinks === true
      ? { link: `/api/now/table/${referenced(instance, value)?.table ?? 'task'}/${value}` }
      : {};
  if (rendering.shown === 'true') return 'link' in link ? { display_value: display, ...link } : display;
  if (rendering.shown === 'false') return 'link' in link ? { ...link, value } : value;
  return {
    display_value: display,
    value: rendering.isTyped === true ? typed(kind, value) : value,
    ...(kind === 'time' && rendering.isTyped === true ? { display_value_internal: display } : {}),
    ...link,
  };
}

function typed(kind: string, value: string): string | number | boolean {
  if (value === '') return '';
  if (kind === 'number') return Number(value);
  return kind === 'boolean' ? value === 'true' : value;
}

function displayOf(instance: Instance, table: string, row: Row, name: string): string {
  const value = row[name] ?? '';
  switch (instance.fieldsOf(table)?.[name]?.kind) {
    case 'time':
      return local(instance, value);
    case 'reference': {
      const target = referenced(instance, value);
      return target?.row['name'] ?? target?.row['number'] ?? value;
    }
    case 'journal':
      return journalText(instance, row, name);
    case 'choice':
      return choiceLabels[value] ?? value;
    case 'number':
      return name === 'state' ? (stateLabels[value] ?? value) : value;
    default:
      return value;
  }
}

/** A time in the zone of whoever asks, which nobody should read as UTC. */
function local(instance: Instance, value: string): string {
  if (value === '') return '';
  return timeText(Date.parse(`${value.replace(' ', 'T')}Z`) + instance.held.settings.zoneHours * 3_600_000);
}

/** All notes of a record as one text, the newest first. */
function journalText(instance: Instance, row: Row, element: string): string {
  const label = element === 'work_notes' ? 'Work notes' : 'Additional comments';
  return instance
    .rowsOf('sys_journal_field')
    .filter((note) => note['element_id'] === row['sys_id'] && note['element'] === element)
    .map(({ value = '', sys_created_by: by = '', sys_created_on: at = '' }) => {
      const author = instance.rowsOf('sys_user').find(({ user_name: name }) => name === by);
      return `${local(instance, at)} - ${author?.['name'] ?? by} (${label})\n${value}\n\n`;
    })
    .reverse()
    .join('');
}
