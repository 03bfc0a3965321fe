import { RemoteError } from '../remote-error.ts';
import type { Account, TicketReader } from '../ticket-system.ts';
import { makeServiceNowClient } from './client.ts';
import type { ServiceNowClient, ServiceNowDependencies } from './client.ts';
import { isSameText, isSysId, valueOf } from './row.ts';
import type { Row } from './row.ts';
import type { ServiceNowLogin, ServiceNowSettings } from './settings.ts';
import { isFieldName, ticketFields, ticketOf } from './ticket-of.ts';

/** Numbers such as `CHG0030001`. Nothing else may stand in a query, whose terms are divided by `^`. */
const number = /^[A-Za-z0-9_-]{1,40}$/;

/** Reads a ServiceNow with the worker's login. */
export function makeServiceNowReader(
  name: string,
  settings: ServiceNowSettings,
  dependencies: ServiceNowDependencies,
): TicketReader {
  return readerOf(
    name,
    settings,
    settings.read,
    makeServiceNowClient(settings.url, settings.read, dependencies),
  );
}

/** What both logins do with a ServiceNow: read. */
export function readerOf(
  name: string,
  settings: ServiceNowSettings,
  login: ServiceNowLogin,
  client: ServiceNowClient,
): TicketReader {
  const { table } = settings;

  return {
    async read(id, fields, signal) {
      const asked = fields.filter(isFieldName);
      const row = isSysId(id)
        ? await recordOf(client, table, id, [...ticketFields, ...asked], signal)
        : await numbered(client, table, id, [...ticketFields, ...asked], signal);
      return row === null ? null : ticketOf(row, { name, settings, fields });
    },
    async account(signal): Promise<Account> {
      const own = await ownUser(client, login, signal);
      const seen = async (of: string) => (await rowsOf(client, of, '', ['sys_id'], 1, signal)).length > 0;
      return {
        id: own.userName,
        name: own.name,
        rights: [
          { name: `read ${table}`, has: await answered(seen(table)) },
          { name: 'read sys_journal_field', has: await answered(seen('sys_journal_field')) },
        ],
      };
    },
  };
}

/** The rows of a table that an encoded query matches, or more: an instance leaves out terms that it does not take. */
export async function rowsOf(
  client: ServiceNowClient,
  table: string,
  query: string,
  fields: readonly string[],
  limit: number,
  signal: AbortSignal,
  offset = 0,
): Promise<readonly Row[]> {
  const { rows } = await client.request(
    {
      method: 'GET',
      path: `/now/table/${table}`,
      query: {
        ...(query === '' ? {} : { sysparm_query: query }),
        sysparm_fields: fields.join(','),
        sysparm_limit: String(limit),
        sysparm_offset: String(offset),
        sysparm_display_value: 'all',
        sysparm_exclude_reference_link: 'true',
      },
    },
    signal,
  );
  return rows;
}

async function recordOf(
  client: ServiceNowClient,
  table: string,
  id: string,
  fields: readonly string[],
  signal: AbortSignal,
): Promise<Row | null> {
  const query = {
    sysparm_fields: fields.join(','),
    sysparm_display_value: 'all',
    sysparm_exclude_reference_link: 'true',
  };
  try {
    const { rows } = await client.request(
      { method: 'GET', path: `/now/table/${table}/${id}`, query },
      signal,
    );
    return rows.find((row) => valueOf(row, 'sys_id') === id) ?? null;
  } catch (error) {
    if (error instanceof RemoteError && error.fault === 'not_found') return null;
    throw error;
  }
}

async function numbered(
  client: ServiceNowClient,
  table: string,
  id: string,
  fields: readonly string[],
  signal: AbortSignal,
): Promise<Row | null> {
  if (!number.test(id)) return null;
  const rows = await rowsOf(client, table, `number=${id}`, fields, 2, signal);
  const found = rows.filter((row) => isSameText(valueOf(row, 'number'), id));
  if (found.length > 1) throw new RemoteError('refused', 'ServiceNow has two tickets of this number');
  if (found.length === 0 && rows.length > 0) {
    throw new RemoteError('denied', 'this login cannot search ServiceNow by the field number');
  }
  return found[0] ?? null;
}

/** The account of a login. @throws RemoteError when that cannot be learned */
export async function ownUser(
  client: ServiceNowClient,
  { user }: ServiceNowLogin,
  signal: AbortSignal,
): Promise<{ userName: string; name: string }> {
  const isPlain = user === undefined || !/[\^\n\r]/.test(user);
  if (!isPlain) throw new RemoteError('refused', 'the user of this login cannot be searched for');
  const query = `user_name=${user ?? 'javascript:gs.getUserName()'}`;
  const rows = await rowsOf(client, 'sys_user', query, ['user_name', 'name'], 2, signal);
  // A login's user_name may be written in another case than the account's.
  const own = user === undefined ? rows : rows.filter((row) => isSameText(valueOf(row, 'user_name'), user));
  const [row] = own;
  const userName = row === undefined ? null : valueOf(row, 'user_name');
  // Without a user in the settings only the system can say who asks; a term that it left out matches everybody.
  if (row === undefined || own.length > 1 || userName === null || userName === '') {
    throw new RemoteError(
      'denied',
      'this login cannot read its own account in sys_user; the settings may name user',
    );
  }
  return { userName, name: valueOf(row, 'name') ?? userName };
}

async function answered(question: Promise<boolean>): Promise<boolean> {
  try {
    return await question;
  } catch (error) {
    const isRight = error instanceof RemoteError && (error.fault === 'denied' || error.fault === 'not_found');
    if (isRight) return false;
    throw error;
  }
}
