import type { ChangeEvent, ChangeEventType } from './change-event.ts';
import type { EntryBody } from './entry.ts';
import { transitions } from './lifecycle.ts';

/**
 * What an entry of a change tells of it; null for an entry that tells of it without moving it, such as a refused request.
 * The log takes entries from its own processes alone, so the members are those of the type.
 */
export function eventIn(body: EntryBody): ChangeEvent | null {
  return Object.hasOwn(transitions, body.type) ? (body as unknown as ChangeEvent) : null;
}

/** The types of entries that move a change. */
export const eventTypes = Object.keys(transitions) as readonly ChangeEventType[];
