import type { TicketRead } from '../domain/ticket-read.ts';
import { commentsOf } from './desired-ticket.ts';
import { findTicket, lookForSecond } from './find-ticket.ts';
import { followPhase } from './follow-phase.ts';
import { RemoteError } from './remote-error.ts';
import type { Delivery, Sink } from './sink.ts';
import type { TicketJob, TicketSinkOptions } from './ticket-job.ts';
import { keepingOf } from './ticket-memory.ts';

/**
 * Keeps a change's ticket as the change is. It does not replay events: it reads the ticket, compares, and takes the steps that
 * are missing, so a repeat finds everything done. Comments come before the state, since a closed ticket may take none.
 */
export function makeTicketSink(options: TicketSinkOptions): Sink {
  return {
    async deliver(delivery) {
      const keeping = keepingOf(delivery);
      try {
        await bring({ create: false, now: Date.now, ...options, delivery, keeping }, delivery);
      } catch (error) {
        throw ofOneTicket(error);
      }
      return delivery.entries.length;
    },
  };
}

async function bring(job: TicketJob, { change, entries, history, signal }: Delivery): Promise<void> {
  const ticket = await findTicket(job);
  if (ticket === null) return;
  await linkTicket(job, ticket);
  await writeComments(job, ticket, commentsOf(change, entries, history, job.linkOf(change.id)), signal);
  await followPhase(job, ticket);
  await lookForSecond(job, ticket);
}

/** A ticket system's 410 is about one ticket or page, and does not say that the system wants no more. */
function ofOneTicket(error: unknown): unknown {
  if (!(error instanceof RemoteError) || error.fault !== 'gone') return error;
  const { message, httpStatus, retryAfterMs } = error;
  return new RemoteError('failed', message, { httpStatus, retryAfterMs });
}

async function linkTicket({ system, keeping, delivery, append, linkOf }: TicketJob, ticket: TicketRead) {
  const { change, signal } = delivery;
  if (keeping.memory.linked) return;
  const url = linkOf(change.id);
  if (url !== null) await system.link(ticket.id, { url, title: `Change ${change.id}` }, signal);
  await append.linked({ change, ticket, made: keeping.memory.made });
  await keeping.keep({ linked: true });
}

async function writeComments(
  { system }: TicketJob,
  { id }: TicketRead,
  comments: ReturnType<typeof commentsOf>,
  signal: AbortSignal,
): Promise<void> {
  if (comments.length === 0) return;
  const there = new Set(await system.commentMarks(id, signal));
  for (const comment of comments.filter(({ mark }) => !there.has(mark))) {
    await system.comment(id, comment, signal);
  }
}
