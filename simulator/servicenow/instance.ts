import { randomUUID } from 'node:crypto';
import { defaultClients, defaultSettings, defaultUsers } from './settings.ts';
import type { OAuthClient, Settings, User } from './settings.ts';
import { isOver } from './states.ts';
import { tables } from './tables.ts';
import type { FieldType } from './tables.ts';

/** A record: each value as the database has it, times as `YYYY-MM-DD HH:MM:SS` in UTC. */
export type Row = Record<string, string>;

/** Everything that the instance holds. */
export interface Held {
  users: User[];
  clients: OAuthClient[];
  settings: Settings;
  rows: Record<string, Row[]>;
  /** Who does not see a record, by its sys_id. */
  hiddenFrom: Record<string, readonly string[]>;
  /** Tokens of OAuth. */
  tokens: Record<string, { readonly userName: string; readonly endsAt: number }>;
  lastNumber: number;
}

/** A sys_id: 32 lower-case hexadecimal digits. */
export function newSysId(): string {
  return randomUUID().replaceAll('-', '');
}

/** A time as the database writes it. */
export function timeText(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

/** One instance of the system, in memory. */
export class Instance {
  held: Held;
  readonly now: () => number;

  constructor(now: () => number, held?: Held) {
    this.now = now;
    this.held = held ?? {
      users: [],
      clients: [...defaultClients],
      settings: defaultSettings,
      rows: Object.fromEntries(Object.keys(tables).map((table) => [table, []])),
      hiddenFrom: {},
      tokens: {},
      lastNumber: 30_000,
    };
    if (held === undefined) this.setUsers(defaultUsers);
  }

  /** A copy that can be changed without changing this one. */
  fork(): Instance {
    return new Instance(this.now, structuredClone(this.held));
  }

  /** Replaces the accounts; each keeps its sys_id while its name stays. */
  setUsers(users: readonly User[]): void {
    const before = this.rowsOf('sys_user');
    this.held.users = [...users];
    this.held.rows['sys_user'] = users.map(({ userName, name }) => ({
      ...this.#stamps('sys_user', 'admin'),
      sys_id: before.find(({ user_name: other }) => other === userName)?.['sys_id'] ?? newSysId(),
      user_name: userName,
      name: name ?? userName,
      email: '',
      active: 'true',
    }));
  }

  rowsOf(table: string): Row[] {
    return (this.held.rows[table] ??= []);
  }

  find(table: string, sysId: string): Row | null {
    return this.rowsOf(table).find(({ sys_id: id }) => id === sysId) ?? null;
  }

  fieldsOf(table: string): Readonly<Record<string, FieldType>> | null {
    const fields = Object.hasOwn(tables, table) ? tables[table] : undefined;
    if (fields === undefined || table !== 'change_request') return fields ?? null;
    const { customFields } = this.held.settings;
    return {
      ...fields,
      ...Object.fromEntries(customFields.map((name) => [name, { kind: 'text' }] as const)),
    };
  }

  insert(table: string, values: Row, userName: string): Row {
    const row: Row = { ...this.#stamps(table, userName), ...this.#defaults(table), ...values };
    if (table === 'change_request') row['active'] = String(!isOver(row['state'] ?? ''));
    this.rowsOf(table).push(row);
    return row;
  }

  /** Changes a record in place, and its stamps with it. */
  update(table: string, row: Row, values: Row, userName: string): void {
    Object.assign(row, values, {
      sys_updated_by: userName,
      sys_updated_on: timeText(this.now()),
      sys_mod_count: String(Number(row['sys_mod_count'] ?? 0) + 1),
    });
    if (table === 'change_request') row['active'] = String(!isOver(row['state'] ?? ''));
  }

  /** Adds to a journal field of a record. */
  note(table: string, row: Row, element: string, value: string, userName: string): void {
    const place = { name: table, element, element_id: row['sys_id'] ?? '', value };
    this.insert('sys_journal_field', place, userName);
  }

  #stamps(table: string, userName: string): Row {
    const at = timeText(this.now());
    return {
      sys_id: newSysId(),
      sys_created_by: userName,
      sys_created_on: at,
      sys_updated_by: userName,
      sys_updated_on: at,
      sys_mod_count: '0',
      sys_class_name: table,
    };
  }

  #defaults(table: string): Row {
    if (table !== 'change_request') return {};
    this.held.lastNumber += 1;
    const number = `CHG${String(this.held.lastNumber).padStart(7, '0')}`;
    return { number, type: 'normal', state: '-5', approval: 'not requested', on_hold: 'false' };
  }
}
