import type { Change } from '../domain/change.ts';
import { noticeOf } from '../domain/notice.ts';
import type { NoticeKind } from '../domain/notice.ts';
import { changeAfter, eventOf } from './event-of.ts';
import type { Delivery } from './sink.ts';

/** One entry of a delivery that people are told of. */
export interface Milestone {
  readonly kind: NoticeKind;
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
    const kind = noticeOf(event.type, change);
    if (kind !== null) found.push({ kind, place: placeOf.get(index) ?? null, key, change });
  }
  return found;
}

/**
 * Whether a milestone is still worth a message. After an outage several come at once: nobody is asked any more for what has
 * been decided meanwhile, and of several reminders the last one is enough.
 *
 * @param after - the milestones after it
 */
export function isStillTrue({ kind, change }: Milestone, now: Change, after: readonly Milestone[]): boolean {
  const isAsked = now.decisionStatus === 'pending' && now.round === change.round && now.digest !== null;
  switch (kind) {
    case 'awaiting_decision':
    case 'escalated':
      return isAsked;
    case 'reminder':
      return isAsked && !after.some((other) => other.kind === 'reminder');
    case 'decided':
    case 'break_glass':
    case 'closed':
      return true;
  }
}
