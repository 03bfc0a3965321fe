import type { Change } from '../domain/change.ts';
import { ticketRuleOf } from '../domain/ticket-gate.ts';
import type { TicketPhase, TicketRead } from '../domain/ticket-read.ts';
import { closeOf, desireOf, stateOf } from './desired-ticket.ts';
import { moveTicket } from './move-ticket.ts';
import { RemoteError } from './remote-error.ts';
import type { TicketMemory } from './ticket-memory.ts';
import type { TicketJob } from './ticket-job.ts';

/** From this disagreement on a ticket is left to the people who move it. */
const lastDisagreement = 2;

const rank: Readonly<Record<TicketPhase, number>> = { new: 0, in_progress: 1, done: 2, cancelled: 2 };

/** What to do with a ticket, whose phase is not only ours to set. */
export type Follow =
  | { readonly do: 'nothing' }
  /** Set what is kept: it is where it should be, or people have ended it rightly. */
  | { readonly do: 'accept' }
  | { readonly do: 'move'; readonly to: TicketPhase; readonly moves: number }
  | { readonly do: 'leave'; readonly to: TicketPhase; readonly moves: number };

/**
 * Judges a ticket against what its change wants. A ticket is never moved back for the change's sake, such as when drift begins
 * another round; it is moved back when somebody moved it, once, and after the second time it is theirs. Where a way of our own
 * was cut off, the ticket is on it, and nobody has moved it.
 *
 * @param desire - the wanted phase, null where the ticket stays as it is; `orEnded`: people may have ended it
 */
export function followOf(
  desire: { readonly phase: TicketPhase | null; readonly orEnded: boolean },
  now: TicketPhase,
  { set, moves, found, way, left }: Pick<TicketMemory, 'set' | 'moves' | 'found' | 'way' | 'left'>,
): Follow {
  if (desire.phase === null || left) return { do: 'nothing' };
  const to = set !== null && rank[set] > rank[desire.phase] ? set : desire.phase;
  if (now === to || (desire.orEnded && rank[now] === rank.done)) return { do: 'accept' };
  const isMoved = set !== null && now !== set && now !== found && !isOn(way, now);
  const counted = isMoved ? moves + 1 : moves;
  return { do: counted >= lastDisagreement ? 'leave' : 'move', to, moves: counted };
}

/** A ticket that has ended may have to be opened anew before it goes where it should. */
function isOn(way: TicketMemory['way'], now: TicketPhase): boolean {
  if (way === null) return false;
  const [from, to] = [rank[way.from], rank[way.to]];
  return from === rank.done || (rank[now] >= Math.min(from, to) && rank[now] <= Math.max(from, to));
}

/**
 * Whether a ticket is its change's to move: one that we made, or one that the change holds under its policy's ticket rule. A
 * change may name any ticket; one that no rule has judged may be another change's, and is only linked and commented.
 *
 * @param system - the ticket's, as COUNTERSIGN_INTEGRATIONS names it
 * @param made - whether we made the ticket
 */
export function mayMove(
  change: Pick<Change, 'policy' | 'ticket' | 'round'>,
  system: string,
  made: boolean,
): boolean {
  if (made) return true;
  const rule = ticketRuleOf(change);
  if (rule?.system !== system || change.ticket?.system !== system) return false;
  // Before the first round the ticket may turn out to be held by another change, under another of its names.
  return change.round > 0;
}

/** Whether another open change holds the ticket by now: a delivery may come after its change's end, when the next one has begun. */
function isOthers({ id }: Pick<Change, 'id'>, holders: readonly string[]): boolean {
  return holders.length > 0 && !holders.includes(id);
}

/** Brings a ticket that is the change's to the phase that the change wants. @throws RemoteError */
export async function followPhase(job: TicketJob, ticket: TicketRead): Promise<void> {
  const { system, name, keeping, delivery, append, holdersOf } = job;
  const { change, signal } = delivery;
  if (!mayMove(change, name, keeping.memory.made)) return;
  if (isOthers(change, await holdersOf([ticket.id, ticket.key]))) return;
  const follow = followOf(desireOf[stateOf(change)], ticket.phase, keeping.memory);
  switch (follow.do) {
    case 'nothing':
      return;
    case 'accept':
      await keeping.keep({ set: ticket.phase, found: null, way: null });
      return;
    case 'leave':
      await append.diverged({ change, ticket, wanted: follow.to, why: 'moved_by_hand' });
      await keeping.keep({ left: true, moves: follow.moves });
      return;
    case 'move': {
      // Before the first step, so that a repeat neither counts a move again nor takes a step of ours for one.
      const counted = follow.moves > keeping.memory.moves ? { moves: follow.moves, found: ticket.phase } : {};
      await keeping.keep({ ...counted, way: { from: ticket.phase, to: follow.to } });
      const moved = await moveTicket(system, ticket, follow.to, closeOf(change), signal);
      if (moved !== null) {
        await keeping.keep({ set: moved.phase, found: null, way: null });
        return;
      }
      // The way may open by itself, such as by an approval that is given there; at the end somebody has to know.
      if (change.closedAt === null) return;
      await append.diverged({ change, ticket, wanted: follow.to, why: 'no_step' });
      throw new RemoteError('conflict', `no step leads the ticket from ${ticket.phase} to ${follow.to}`);
    }
  }
}
