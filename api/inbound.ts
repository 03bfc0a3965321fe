import type { OutsideAccount } from '../domain/channel.ts';
import type { ErrorCode } from '../domain/error.ts';
import type { JsonObject } from '../domain/json.ts';

/** What another system has sent, before anything is known of it. */
export interface InboundRequest {
  /** The body as it came: signatures are over these bytes. */
  readonly raw: Uint8Array;
  /** By their names in lower case; a header that came twice is one text with a comma. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A decision that somebody wants by a channel, on what they were shown there. */
export interface OutsideDecision {
  /** Who did it, as the system knows them. */
  readonly account: OutsideAccount;
  readonly action: 'approve' | 'reject';
  readonly changeId: string;
  /** Of the round that was shown. */
  readonly digest: string;
  readonly comment: string;
}

/** What a delivery is, once its signature was looked at. */
export type InboundVerdict =
  /** Not signed by the system, or too old, or of the future. */
  | { readonly kind: 'refused' }
  /** Signed, and nothing that can be understood. */
  | { readonly kind: 'malformed'; readonly message: string }
  /** Signed, and of no concern: our own write, another event. `answer`: what the system wants to hear. */
  | { readonly kind: 'ignored'; readonly answer?: JsonObject }
  /** A ticket may have moved: it is to be read again. `tickets`: its names, such as its id and its key. */
  | { readonly kind: 'hint'; readonly deliveryId: string; readonly tickets: readonly [string, ...string[]] }
  /** A button was pressed, and a form is to be opened. `open`: what the deliverer needs for that. `replyTo`: where the person can be told something. */
  | (Omit<OutsideDecision, 'comment'> & {
      readonly kind: 'click';
      readonly deliveryId: string;
      readonly open: JsonObject;
      readonly replyTo: string | null;
    })
  | (OutsideDecision & {
      readonly kind: 'decision';
      readonly deliveryId: string;
      readonly replyTo: string | null;
    });

/** What became of a decision, for the person who made it. */
export type Told =
  /** It stands: recorded now, or by the same person before. */
  | { readonly outcome: 'recorded'; readonly action: 'approve' | 'reject' }
  /** `message`: what a stranger may read. */
  | { readonly outcome: 'refused' | 'unavailable'; readonly code: ErrorCode; readonly message: string }
  /** No answer yet; it may still come to stand. */
  | { readonly outcome: 'pending' };

/** A system that may send something, as the API knows it. */
export interface InboundSystem {
  /** Looks at signature, age and form; pure. */
  readonly verify: (request: InboundRequest) => InboundVerdict;
  /**
   * The body with which the person's system is answered, with 200, whatever became of a decision. Absent: it is answered as
   * any other caller is, with 200 or a problem.
   */
  readonly answer?: (told: Told) => object;
  /** Tells the person afterwards what could not be told in the answer. @param replyTo - what came with the delivery */
  readonly tell?: (replyTo: string, told: Told) => Promise<void>;
  /** How long the system waits for its answer, ms; default 25,000. */
  readonly patienceMs?: number;
}
