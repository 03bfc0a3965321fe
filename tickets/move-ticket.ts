import type { TicketPhase, TicketRead } from '../domain/ticket-read.ts';
import { RemoteError } from './remote-error.ts';
import type { TicketSystem } from './ticket-system.ts';

const mostSteps = 12;

/**
 * Moves a ticket to a phase, step by step. Each step is read back, since a system may answer that it is done and do nothing.
 *
 * @returns the ticket as it is then; null where no step leads there
 * @throws RemoteError, `failed` when a step was answered as done and changed nothing
 */
export async function moveTicket(
  system: TicketSystem,
  from: TicketRead,
  wanted: TicketPhase,
  close: { readonly successful: boolean; readonly notes: string },
  signal: AbortSignal,
): Promise<TicketRead | null> {
  let ticket = from;
  const passed = new Set([ticket.state]);
  for (let step = 0; step < mostSteps; step++) {
    const result = await system.stepTowards(ticket.id, wanted, close, signal);
    if (result === 'stuck') return null;
    const after = result === 'there' && step > 0 ? ticket : await system.read(ticket.id, [], signal);
    if (after === null) throw new RemoteError('not_found', 'the ticket is gone, or hidden from this login');
    if (result === 'there') return after;
    if (after.state === ticket.state && after.phase !== wanted) {
      throw new RemoteError('failed', `a step was answered as done, and the ticket is still ${after.phase}`);
    }
    // A circle leads nowhere.
    if (passed.has(after.state) && after.phase !== wanted) return null;
    passed.add(after.state);
    ticket = after;
  }
  return null;
}
