import type { Subscription } from '../../domain/subscription.ts';
import type { Sink } from '../sink.ts';

/** A subscription as the deliverer has it. */
export interface Receiver extends Subscription {
  /** Of a webhook that an admin has made: where it is, and the secrets that sign, the newest first. */
  readonly url: string | null;
  readonly secrets: readonly string[];
}

/**
 * What brings entries to a receiver; null where this process does not know how: another release made it, or a file that is
 * being read again.
 */
export type SinkOf = (receiver: Receiver) => Sink | null;
