import type { TicketPhase } from '../../domain/ticket-read.ts';
import { RemoteError } from '../remote-error.ts';
import { RefusedByRule } from './client.ts';
import type { ServiceNowClient } from './client.ts';
import { nextStatesIn, stepFor } from './phase.ts';
import { valueOf } from './row.ts';
import type { ServiceNowSettings } from './settings.ts';

const changes = '/sn_chg_rest/v1/change';
const longestNotes = 4000;

/** Takes one step towards a phase; see `TicketSystem.stepTowards`. @throws RemoteError */
export async function takeStep(
  client: ServiceNowClient,
  { table, states, closeCodes }: ServiceNowSettings,
  {
    id,
    phase,
    close,
  }: {
    readonly id: string;
    readonly phase: TicketPhase;
    readonly close: { readonly successful: boolean; readonly notes: string };
  },
  signal: AbortSignal,
): Promise<'there' | 'moved' | 'stuck'> {
  const { state: from, onHold } = await stateOf(client, table, id, signal);
  if (stepFor(phase, { from, next: [], states }) === 'there') return 'there';
  if (onHold && phase !== 'cancelled') return 'stuck';
  const asked = await client.request({ method: 'GET', path: `${changes}/${id}/nextstates` }, signal);
  const step = stepFor(phase, { from, next: nextStatesIn(asked.rows[0]), states });
  if (typeof step === 'string') return step;
  const closing = {
    close_code: close.successful ? closeCodes.successful : closeCodes.unsuccessful,
    close_notes: close.notes.slice(0, longestNotes).toWellFormed(),
  };
  const body = { state: step.to, ...(step.closes ? closing : {}) };
  try {
    await client.request({ method: 'PATCH', path: `${changes}/${id}`, body }, signal);
  } catch (error) {
    if (error instanceof RefusedByRule) return 'stuck';
    throw error;
  }
  // A refused step may be answered 200 as if it were taken, so only a read tells.
  return (await stateOf(client, table, id, signal)).state === from ? 'stuck' : 'moved';
}

async function stateOf(client: ServiceNowClient, table: string, id: string, signal: AbortSignal) {
  const query = { sysparm_fields: 'sys_id,state,on_hold', sysparm_display_value: 'all' };
  const { rows } = await client.request({ method: 'GET', path: `/now/table/${table}/${id}`, query }, signal);
  const [row = {}] = rows;
  const state = valueOf(row, 'state');
  if (state === null)
    throw new RemoteError('denied', 'this login does not see the field state in ServiceNow');
  return { state, onHold: valueOf(row, 'on_hold') !== 'false' };
}
