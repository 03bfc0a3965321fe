import type { Change } from '../domain/change.ts';
import type { EntryBody } from '../domain/entry.ts';
import type { JsonObject } from '../domain/json.ts';

/** An entry of a change as it is delivered. */
export interface DeliveredEntry {
  /** Its place in the log, from 0. */
  readonly index: number;
  /** Its key, unique in the log: receivers tell repeats by what is made of it. */
  readonly key: string;
  readonly body: EntryBody;
}

/** What a sink is to bring to its receiver: one change, with what is new of it. */
export interface Delivery {
  /** The subscription that it is for. */
  readonly subscription: string;
  /** The change as all its entries up to the last of `entries` make it. */
  readonly change: Change;
  /** New entries that the subscription's filter lets pass, in the log's order; at least one. */
  readonly entries: readonly DeliveredEntry[];
  /** The entries of the change up to the last of `entries` that move it, in order, whatever the filter says, and some others. */
  readonly history: readonly DeliveredEntry[];
  /** What the sink asked to be kept of this change, such as the id of its ticket or message; null at first. */
  readonly memory: JsonObject | null;
  /**
   * Keeps another memory at once. What is kept before an effect is there after a kill.
   * @throws Error when the delivery has passed to another process, which then goes on: the caller stops
   */
  remember(memory: JsonObject): Promise<void>;
  /** Aborts when the delivery has to end: its time is over, or the process stops. */
  readonly signal: AbortSignal;
}

/** Where the entries of a subscription go: a receiver of webhooks, a ticket system, a chat, a mail server. */
export interface Sink {
  /**
   * Brings one change to the receiver. The same delivery comes again after a failure or a kill, so a repeat has to be told by
   * the receiver, by its id, or by the sink, which looks before it writes.
   *
   * @returns how many of `entries`, from the first on, are delivered: `entries.length` when all are
   * @throws RemoteError why it was not delivered, and whether a repeat may help
   */
  deliver(delivery: Delivery): Promise<number>;
  /** The same of entries that belong to no change; absent where the receiver has no use for them. */
  deliverBeyondChanges?(delivery: Pick<Delivery, 'subscription' | 'entries' | 'signal'>): Promise<number>;
}
