import type { Change } from '../domain/change.ts';
import type { ChangeEvent } from '../domain/change-event.ts';
import type { EntryBody } from '../domain/entry.ts';
import { changeOf, evolve } from '../domain/evolve.ts';
import { eventIn } from '../domain/event-in.ts';

/**
 * What an entry of a delivered change tells of it; null for one that does not move it. Its first entry only names its policy,
 * which is the same all its life.
 */
export function eventOf(body: EntryBody, { policy }: Pick<Change, 'policy'>): ChangeEvent | null {
  return eventIn(body, () => policy);
}

/** A change after one more of its events; null until the first one asks for it. */
export function changeAfter(before: Change | null, event: ChangeEvent): Change | null {
  if (before !== null) return evolve(before, event);
  return event.type === 'change.requested' ? changeOf(event) : null;
}
