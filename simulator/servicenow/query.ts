import type { Instance, Row } from './instance.ts';
import type { User } from './settings.ts';

type Test = (row: Row) => boolean;

const term = /^([a-z][a-z0-9_]*)(!=|>=|<=|=|>|<|STARTSWITH|ENDSWITH|LIKE|IN|ISEMPTY|ISNOTEMPTY)([^]*)$/;

/**
 * The rows that an encoded query (`sysparm_query`) matches, in its order. As in the real system a term that is not understood, or
 * whose field is not there or not for this account, is left out, so more rows match.
 */
export function selectRows(instance: Instance, table: string, query: string, user: User): Row[] {
  const fields = instance.fieldsOf(table) ?? {};
  const { hiddenFields, unsearchableFields } = instance.held.settings;
  const closed = [...hiddenFields, ...unsearchableFields];
  const isKnown = (name: string) => Object.hasOwn(fields, name) && !closed.includes(`${table}.${name}`);
  const all: Test[][] = [];
  const orders: { readonly field: string; readonly sign: number }[] = [];
  for (const part of query.split('^').filter((text) => text !== '')) {
    const order = /^ORDERBY(DESC)?([a-z][a-z0-9_]*)$/.exec(part);
    if (order !== null) {
      const [, descending, field = ''] = order;
      if (isKnown(field)) orders.push({ field, sign: descending === undefined ? 1 : -1 });
      continue;
    }
    const isAlternative = part.startsWith('OR') && all.length > 0;
    const test = testOf(isAlternative ? part.slice(2) : part, isKnown, instance, user);
    if (test === null) continue;
    if (isAlternative) all.at(-1)?.push(test);
    else all.push([test]);
  }
  const found = instance.rowsOf(table).filter((row) => all.every((any) => any.some((test) => test(row))));
  return found.sort((a, b) => {
    for (const { field, sign } of orders) {
      const [left, right] = [a[field] ?? '', b[field] ?? ''];
      if (left !== right) return left < right ? -sign : sign;
    }
    return 0;
  });
}

function testOf(
  part: string,
  isKnown: (name: string) => boolean,
  instance: Instance,
  user: User,
): Test | null {
  const [, field = '', operator = '', given = ''] = term.exec(part) ?? [];
  if (!isKnown(field)) return null;
  const value = evaluated(given, instance, user);
  const of = (row: Row) => row[field] ?? '';
  switch (operator) {
    // As the database compares: in any case.
    case '=':
      return (row) => of(row).toLowerCase() === value.toLowerCase();
    case '!=':
      return (row) => of(row).toLowerCase() !== value.toLowerCase();
    case '>':
      return (row) => of(row) > value;
    case '>=':
      return (row) => of(row) >= value;
    case '<':
      return (row) => of(row) < value;
    case '<=':
      return (row) => of(row) <= value;
    case 'STARTSWITH':
      return (row) => of(row).toLowerCase().startsWith(value.toLowerCase());
    case 'ENDSWITH':
      return (row) => of(row).toLowerCase().endsWith(value.toLowerCase());
    case 'LIKE':
      return (row) => of(row).toLowerCase().includes(value.toLowerCase());
    case 'IN':
      return (row) => value.split(',').includes(of(row));
    case 'ISEMPTY':
      return (row) => of(row) === '';
    default:
      return (row) => of(row) !== '';
  }
}

/** The scripts in a value that the sandbox of queries has here. */
function evaluated(value: string, instance: Instance, user: User): string {
  if (value === 'javascript:gs.getUserName()') return user.userName;
  if (value !== 'javascript:gs.getUserID()') return value;
  const own = instance.rowsOf('sys_user').find(({ user_name: name }) => name === user.userName);
  return own?.['sys_id'] ?? '';
}
