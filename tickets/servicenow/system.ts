import { createHash } from 'node:crypto';
import { RemoteError } from '../remote-error.ts';
import type { TicketSystem } from '../ticket-system.ts';
import { makeServiceNowClient } from './client.ts';
import type { ServiceNowClient, ServiceNowDependencies } from './client.ts';
import { createTicket } from './create-ticket.ts';
import { makeJournal } from './journal.ts';
import { checkedMark } from './notes.ts';
import { ownUser, readerOf, rowsOf } from './reader.ts';
import { isSameText, isSysId, valueOf } from './row.ts';
import type { ServiceNowLogin, ServiceNowSettings } from './settings.ts';
import { takeStep } from './take-step.ts';
import { ticketFields, ticketOf } from './ticket-of.ts';

const mostFound = 100;

/**
 * Reads and writes change requests with the deliverer's login.
 *
 * @param searchLagMs - how long a search may not know a new record; default 5,000, as instances may search a replica
 * @throws RemoteError `refused` when the settings have no `write`
 */
export function makeServiceNowSystem(
  name: string,
  settings: ServiceNowSettings,
  { searchLagMs = 5000, ...dependencies }: ServiceNowDependencies & { readonly searchLagMs?: number },
): TicketSystem {
  const { write: login } = settings;
  if (login === undefined) throw new RemoteError('refused', `${name} has no write login in the settings`);
  const client = makeServiceNowClient(settings.url, login, dependencies);
  const reader = readerOf(name, settings, login, client);
  const journal = makeJournal(client, { table: settings.table, element: settings.notes });
  const author = ownName(client, login);

  async function sysIdOf(id: string, signal: AbortSignal): Promise<string> {
    if (isSysId(id)) return id;
    const ticket = await reader.read(id, [], signal);
    if (ticket === null) throw new RemoteError('not_found', 'no such ticket in ServiceNow');
    return ticket.id;
  }

  async function commentMarks(id: string, signal: AbortSignal): Promise<readonly string[]> {
    return await journal.marks(await sysIdOf(id, signal), await author(signal), signal);
  }

  return {
    ...reader,
    searchLagMs,
    commentMarks,

    async find(mark, signal) {
      const query = `correlation_id=${checkedMark(mark)}^ORDERBYsys_created_on`;
      const rows = await rowsOf(client, settings.table, query, ticketFields, mostFound, signal);
      // Rows of other marks: the term was left out, and what it was to find may be beyond the limit.
      if (rows.some((row) => !isSameText(valueOf(row, 'correlation_id'), mark))) {
        throw new RemoteError('denied', 'this login cannot search ServiceNow by the field correlation_id');
      }
      if (rows.length === mostFound) {
        throw new RemoteError('refused', 'too many tickets in ServiceNow have one mark');
      }
      const own = await author(signal);
      return rows
        .filter((row) => valueOf(row, 'correlation_id') === mark && valueOf(row, 'sys_created_by') === own)
        .map((row) => ({
          row,
          key: `${valueOf(row, 'sys_created_on') ?? ''} ${valueOf(row, 'number') ?? ''}`,
        }))
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .map(({ row }) => ticketOf(row, { name, settings, fields: [] }));
    },

    async create(ticket, signal) {
      const own = await author(signal);
      return await createTicket({ client, reader, settings, author: own }, ticket, signal);
    },

    async comment(id, comment, signal) {
      await journal.add(await sysIdOf(id, signal), { ...comment, mark: checkedMark(comment.mark) }, signal);
    },

    async stepTowards(id, phase, close, signal) {
      return await takeStep(client, settings, { id: await sysIdOf(id, signal), phase, close }, signal);
    },

    async link(id, { url, title }, signal) {
      const mark = `link-${createHash('sha256').update(url, 'utf8').digest('hex').slice(0, 32)}`;
      if ((await commentMarks(id, signal)).includes(mark)) return;
      await journal.add(await sysIdOf(id, signal), { mark, text: `${title}: ${url}` }, signal);
    },
  };
}

/** The user_name of our own account, asked once. */
function ownName(client: ServiceNowClient, login: ServiceNowLogin): (signal: AbortSignal) => Promise<string> {
  let known: string | null = null;
  return async (signal) => {
    known ??= (await ownUser(client, login, signal)).userName;
    return known;
  };
}
