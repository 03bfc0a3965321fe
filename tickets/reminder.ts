import { isStillTrue, milestonesIn } from './milestone.ts';
import type { Delivery } from './sink.ts';

/** A reminder that people are to be told of. */
export interface Reminder {
  /** Its place in the log. */
  readonly index: number;
  readonly key: string;
}

/**
 * The newest reminder among the entries of a delivery; null where there is none, and where people are no longer asked. For a
 * receiver whose one message of a change is edited as it goes on: an edit calls nobody back to it.
 */
export function reminderIn(delivery: Pick<Delivery, 'history' | 'entries' | 'change'>): Reminder | null {
  const { entries, change } = delivery;
  const entry = entries.findLast(({ body }) => body.type === 'change.reminded');
  if (entry === undefined) return null;
  const milestone = milestonesIn(delivery).find(({ key }) => key === entry.key);
  return milestone && isStillTrue(milestone, change, []) ? { index: entry.index, key: entry.key } : null;
}
