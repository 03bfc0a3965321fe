import type { Change } from '../domain/change.ts';
import type { ChangeEvent } from '../domain/change-event.ts';
import { changeAfter, eventOf } from './event-of.ts';
import type { Delivery } from './sink.ts';

/** What people are told of by a receiver whose messages cannot be edited: a group's robot, a mail server. */
export type MilestoneKind = 'awaiting' | 'escalated' | 'break_glass' | 'decided' | 'closed';

/** One entry of a delivery that people are told of. */
export interface Milestone {
  readonly kind: MilestoneKind;
  /** Its place among the delivery's `entries`; null for an entry that is not among them. */
  readonly place: number | null;
  readonly key: string;
  /** The change right after it. */
  readonly change: Change;
}

/** Every entry of a change that people are told of, in order, also those that were delivered before. */
export function milestonesIn({
  history,
  entries,
  change: now,
}: Pick<Delivery, 'history' | 'entries' | 'change'>): Milestone[] {
  const placeOf = new Map(entries.map(({ index }, place) => [index, place]));
  const found: Milestone[] = [];
  let change: Change | null = null;
  for (const { index, key, body } of history) {
    const event = eventOf(body, now);
    if (event === null) continue;
    change = changeAfter(change, event);
    if (change === null) continue;
    const kind = kindOf(event, change);
    if (kind !== null) found.push({ kind, place: placeOf.get(index) ?? null, key, change });
  }
  return found;
}

/**
 * Whether a milestone is still worth a message. After an outage several come at once: nobody is asked any more for what has
 * been decided meanwhile.
 */
export function isStillTrue({ kind, change }: Milestone, now: Change): boolean {
  const isAsking = kind === 'awaiting' || kind === 'escalated';
  return !isAsking || (now.decisionStatus === 'pending' && now.round === change.round && now.digest !== null);
}

function kindOf({ type }: ChangeEvent, change: Change): MilestoneKind | null {
  switch (type) {
    case 'change.prechecked':
      // Where the policy asks nobody, nothing is awaited.
      return change.missing.length > 0 ? 'awaiting' : null;
    case 'change.escalated':
      return 'escalated';
    case 'change.scheduled':
      return change.breakGlass ? 'break_glass' : 'decided';
    case 'change.closed':
      return 'closed';
    default:
      return null;
  }
}
