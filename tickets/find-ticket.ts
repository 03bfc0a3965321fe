import type { TicketRead } from '../domain/ticket-read.ts';
import { markOf, newTicketOf } from './desired-ticket.ts';
import { moveTicket } from './move-ticket.ts';
import { RemoteError } from './remote-error.ts';
import type { TicketJob } from './ticket-job.ts';

/** A creation that was cut short may still be under way at the system for so long, ms. */
const settleMs = 15_000;

/** After these answers nothing was made. */
const nothingMade: ReadonlySet<string> = new Set(['denied', 'not_found', 'throttled', 'refused', 'gone']);

/**
 * The ticket of a change: the one that we know, the one that the change names, or one that we make, once.
 *
 * @returns null where the change has none, and none is to be made
 * @throws RemoteError
 */
export async function findTicket(job: TicketJob): Promise<TicketRead | null> {
  const { system, name, keeping, delivery, create } = job;
  const { change, signal } = delivery;
  const named = change.ticket?.system === name ? change.ticket.id : null;
  const known = keeping.memory.ticket ?? named;
  if (known === null) return create ? await makeTicket(job) : null;
  const ticket = await system.read(known, [], signal);
  if (ticket === null) throw new RemoteError('not_found', 'the ticket is gone, or hidden from this login');
  if (keeping.memory.made && !ticket.marks.includes(markOf(change))) {
    // Somebody else's, such as after a move to an instance that gives the same ids: nothing that is kept holds for it.
    await keeping.forget();
    return create ? await makeTicket(job) : null;
  }
  await keeping.keep({ ticket: ticket.id, set: keeping.memory.set ?? ticket.phase });
  return ticket;
}

/**
 * Makes a ticket where none has the change's mark. The intent is kept first: after a kill, or an answer that says nothing, the
 * ticket is looked for until a search would show it, and only then made again.
 */
async function makeTicket(job: TicketJob): Promise<TicketRead> {
  const { system, keeping, delivery, now, linkOf } = job;
  const { change, signal } = delivery;
  const [found, ...others] = await system.find(markOf(change), signal);
  if (found !== undefined) {
    await closeOthers(job, found, others);
    await keeping.keep({ ticket: found.id, made: true, intent: null, set: found.phase });
    return found;
  }
  const { intent } = keeping.memory;
  const wait = intent === null ? 0 : Date.parse(intent) + system.searchLagMs + settleMs - now();
  if (wait > 0) {
    const message = 'a ticket may have been made; it is looked for until a search would show it';
    // Of this change alone: `throttled` would have every other change of the system wait as well.
    throw new RemoteError('conflict', message, { retryAfterMs: wait });
  }
  const began = new Date(now()).toISOString();
  await keeping.keep({ intent: began });
  let ticket: TicketRead;
  try {
    ticket = await system.create(newTicketOf(change, linkOf(change.id)), signal);
  } catch (error) {
    if (error instanceof RemoteError && nothingMade.has(error.fault)) await keeping.keep({ intent: null });
    else if (!signal.aborted) await keeping.keep({ intent: new Date(now()).toISOString() });
    throw error;
  }
  await keeping.keep({ ticket: ticket.id, made: true, intent: null, set: ticket.phase });
  return ticket;
}

/**
 * Looks once more, when the change is closed: two processes may have made a ticket each. The one that has followed the change
 * goes on, whatever has become of it, even where another is older or a search does not show it yet.
 */
export async function lookForSecond(job: TicketJob, ticket: TicketRead): Promise<void> {
  const { system, keeping, delivery } = job;
  const { change, signal } = delivery;
  const { made, looked } = keeping.memory;
  if (!made || looked || change.closedAt === null) return;
  const found = await system.find(markOf(change), signal);
  await closeOthers(
    job,
    ticket,
    found.filter(({ id }) => id !== ticket.id),
  );
  await keeping.keep({ looked: true });
}

async function closeOthers(
  { system, delivery, append }: TicketJob,
  kept: TicketRead,
  others: readonly TicketRead[],
): Promise<void> {
  const { change, signal } = delivery;
  for (const seen of others) {
    const other = await system.read(seen.id, [], signal);
    if (other === null || other.phase === 'done' || other.phase === 'cancelled') continue;
    // Before it is closed: afterwards a repeat passes it by.
    await append.diverged({ change, ticket: other, wanted: 'cancelled', why: 'second_ticket' });
    const notes = `A second ticket of the same change; ${kept.key} goes on.`;
    const mark = `${markOf(change)}-second`;
    const marks = await system.commentMarks(other.id, signal);
    if (!marks.includes(mark)) await system.comment(other.id, { mark, text: notes }, signal);
    await moveTicket(system, other, 'cancelled', { successful: false, notes }, signal);
  }
}
