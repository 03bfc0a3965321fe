import { createHash } from 'node:crypto';
import { shownText } from '../../domain/shown-text.ts';
import { RemoteError } from '../remote-error.ts';
import type { TicketSystem } from '../ticket-system.ts';
import { RefusedByRule, makeServiceNowClient } from './client.ts';
import type { ServiceNowClient, ServiceNowDependencies, ServiceNowRequest } from './client.ts';
import { makeJournal } from './journal.ts';
import { nextStatesIn, stepFor } from './phase.ts';
import { ownUser, readerOf, rowsOf } from './reader.ts';
import { isSysId, valueOf } from './row.ts';
import type { ServiceNowLogin, ServiceNowSettings } from './settings.ts';
import { ticketFields, ticketOf } from './ticket-of.ts';

const changes = '/sn_chg_rest/v1/change';
const markPattern = /^[A-Za-z0-9-]{1,100}$/;
const mostFound = 100;
const longestSummary = 160;
const longestDescription = 4000;

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
  const { write: login, states, closeCodes } = settings;
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

  async function stateOf(id: string, signal: AbortSignal) {
    const { rows } = await client.request(
      {
        method: 'GET',
        path: `/now/table/${settings.table}/${id}`,
        query: { sysparm_fields: 'sys_id,state,on_hold', sysparm_display_value: 'all' },
      },
      signal,
    );
    const [row = {}] = rows;
    const state = valueOf(row, 'state');
    if (state === null)
      throw new RemoteError('denied', 'this login does not see the field state in ServiceNow');
    return { state, onHold: valueOf(row, 'on_hold') !== 'false' };
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
      const marked = rows.filter((row) => valueOf(row, 'correlation_id') === mark);
      // Rows of other marks: the term was left out, and what it was to find may be beyond the limit.
      if (marked.length < rows.length) {
        throw new RemoteError('denied', 'this login cannot search ServiceNow by the field correlation_id');
      }
      if (rows.length === mostFound)
        throw new RemoteError('refused', 'too many tickets in ServiceNow have one mark');
      const own = await author(signal);
      return marked
        .filter((row) => valueOf(row, 'sys_created_by') === own)
        .map((row) => ({
          row,
          key: `${valueOf(row, 'sys_created_on') ?? ''} ${valueOf(row, 'number') ?? ''}`,
        }))
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .map(({ row }) => ticketOf(row, { name, settings, fields: [] }));
    },

    async create({ mark, summary, description }, signal) {
      const own = await author(signal);
      const body = {
        short_description: shownText(summary).slice(0, longestSummary).toWellFormed(),
        description: description.slice(0, longestDescription).toWellFormed(),
        correlation_id: checkedMark(mark),
        correlation_display: 'Countersign',
      };
      const { rows } = await client.request({ method: 'POST', path: createPath(settings), body }, signal);
      const id = rows[0] === undefined ? null : valueOf(rows[0], 'sys_id');
      if (id === null || !isSysId(id))
        throw new RemoteError('unreachable', 'ServiceNow answered with no sys_id');
      const made = await reader.read(id, [], signal);
      if (made === null)
        throw new RemoteError('refused', 'this login does not see the ticket that it made in ServiceNow');
      // Without its mark and author nobody finds it again, and the next try would make another: better no next try.
      if (!made.marks.includes(mark)) {
        throw new RemoteError(
          'refused',
          `${made.key} was made, but ServiceNow did not keep its correlation_id`,
        );
      }
      if (made.author !== own)
        throw new RemoteError('refused', `${made.key} was made under another account than ours`);
      return made;
    },

    async comment(id, comment, signal) {
      await journal.add(await sysIdOf(id, signal), { ...comment, mark: checkedMark(comment.mark) }, signal);
    },

    async stepTowards(id, phase, close, signal) {
      const sysId = await sysIdOf(id, signal);
      const { state: from, onHold } = await stateOf(sysId, signal);
      const here = stepFor(phase, { from, next: [], states });
      if (here === 'there') return here;
      if (onHold && phase !== 'cancelled') return 'stuck';
      const next = nextStatesIn(
        (await client.request({ method: 'GET', path: `${changes}/${sysId}/nextstates` }, signal)).rows[0],
      );
      const step = stepFor(phase, { from, next, states });
      if (typeof step === 'string') return step;
      const notes = { close_notes: close.notes.slice(0, longestDescription).toWellFormed() };
      const code = { close_code: close.successful ? closeCodes.successful : closeCodes.unsuccessful };
      const body = { state: step.to, ...(step.closes ? { ...code, ...notes } : {}) };
      const request: ServiceNowRequest = { method: 'PATCH', path: `${changes}/${sysId}`, body };
      try {
        await client.request(request, signal);
      } catch (error) {
        if (error instanceof RefusedByRule) return 'stuck';
        throw error;
      }
      // A refused step may be answered 200 as if it were taken, so only a read tells.
      return (await stateOf(sysId, signal)).state === from ? 'stuck' : 'moved';
    },

    async link(id, { url, title }, signal) {
      const mark = `link-${createHash('sha256').update(url, 'utf8').digest('hex').slice(0, 32)}`;
      if ((await commentMarks(id, signal)).includes(mark)) return;
      await journal.add(await sysIdOf(id, signal), { mark, text: `${title}: ${url}` }, signal);
    },
  };
}

function createPath({ create }: ServiceNowSettings): string {
  if (create === undefined) throw new RemoteError('refused', 'the settings do not say how a ticket is made');
  return create.template === undefined
    ? `${changes}/${create.type}`
    : `${changes}/standard/${create.template}`;
}

/** A mark goes into a query, whose terms are divided by `^`. */
function checkedMark(mark: string): string {
  if (!markPattern.test(mark)) throw new RemoteError('refused', 'a mark has letters, digits and - alone');
  return mark;
}

/** The user_name of our own account, asked once. */
function ownName(client: ServiceNowClient, login: ServiceNowLogin): (signal: AbortSignal) => Promise<string> {
  let known: string | null = null;
  return async (signal) => {
    known ??= (await ownUser(client, login, signal)).userName;
    return known;
  };
}
