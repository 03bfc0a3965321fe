import { shownText } from '../../domain/shown-text.ts';
import type { TicketRead } from '../../domain/ticket-read.ts';
import { RemoteError } from '../remote-error.ts';
import type { NewTicket, TicketReader } from '../ticket-system.ts';
import type { ServiceNowClient } from './client.ts';
import { checkedMark } from './notes.ts';
import { isSysId, valueOf } from './row.ts';
import type { ServiceNowSettings } from './settings.ts';

const longestSummary = 160;
const longestDescription = 4000;

/**
 * Makes a change request with its mark.
 *
 * @param by - `author`: the user_name of our own account
 * @throws RemoteError; none but `unreachable` and `failed` when it may have been made and could be found
 */
export async function createTicket(
  by: {
    readonly client: ServiceNowClient;
    readonly reader: TicketReader;
    readonly settings: ServiceNowSettings;
    readonly author: string;
  },
  { mark, summary, description }: NewTicket,
  signal: AbortSignal,
): Promise<TicketRead> {
  const body = {
    short_description: shownText(summary).slice(0, longestSummary).toWellFormed(),
    description: description.slice(0, longestDescription).toWellFormed(),
    correlation_id: checkedMark(mark),
    correlation_display: 'Countersign',
  };
  const { rows } = await by.client.request({ method: 'POST', path: createPath(by.settings), body }, signal);
  const id = rows[0] === undefined ? null : valueOf(rows[0], 'sys_id');
  if (id === null || !isSysId(id)) throw new RemoteError('unreachable', 'ServiceNow answered with no sys_id');
  const made = await readBack(() => by.reader.read(id, [], signal));
  // Without its mark and author nobody finds it again, and the next try would make another: better no next try.
  if (!made.marks.includes(mark)) {
    throw new RemoteError('refused', `${made.key} was made, but ServiceNow did not keep its correlation_id`);
  }
  if (made.author !== by.author) {
    throw new RemoteError('refused', `${made.key} was made under another account than ours`);
  }
  return made;
}

/** Reads what was made. Whatever goes wrong now, it was made: no fault may say that nothing happened. */
async function readBack(read: () => Promise<TicketRead | null>): Promise<TicketRead> {
  let made: TicketRead | null;
  try {
    made = await read();
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    const { message, httpStatus, retryAfterMs } = error;
    throw new RemoteError('failed', `a ticket was made, and not read back: ${message}`, {
      httpStatus,
      retryAfterMs,
    });
  }
  if (made !== null) return made;
  throw new RemoteError('failed', 'a ticket was made, and this login does not see it in ServiceNow');
}

function createPath({ create }: ServiceNowSettings): string {
  if (create === undefined) throw new RemoteError('refused', 'the settings do not say how a ticket is made');
  return create.template === undefined
    ? `/sn_chg_rest/v1/change/${create.type}`
    : `/sn_chg_rest/v1/change/standard/${create.template}`;
}
