import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Change } from '../../domain/change.ts';
import type { JsonObject } from '../../domain/json.ts';
import { RemoteError } from '../remote-error.ts';
import type { Delivery, Sink } from '../sink.ts';
import { CardHidden } from './card-api.ts';
import type { CardApi } from './card-api.ts';
import { cardParameters, outTrackIdOf } from './message.ts';
import type { CardParameters, Choice } from './message.ts';

/** What a sink of cards works with. */
export interface CardDependencies {
  readonly cards: CardApi;
  /** A page that shows the change; null where none is known. */
  readonly linkOf: (changeId: string) => string | null;
  /** Which buttons count under the change's policy; none where it does not name this system as a channel. */
  readonly choicesOf: (change: Change) => readonly Choice[];
  /** Ms since the epoch. */
  readonly now: () => number;
}

/**
 * What is kept of a change's card.
 *
 * - `intended`: it is about to be made, or was and the answer is lost
 * - `hidden`: it was made, and DingTalk could not show it
 * - `shown`: it is there
 */
type State = 'intended' | 'hidden' | 'shown';

/**
 * One card for each change, which shows how the change stands and is updated as it goes on; at the end no button is left.
 *
 * The card's id is ours, so a repeat after a lost answer names the same card. What DingTalk makes of a second request with
 * one id, its documentation does not say, so each answer will do: no second card, an error, or the same card shown twice,
 * which then changes in both places.
 */
export function makeDingTalkCardSink({ cards, linkOf, choicesOf, now }: CardDependencies): Sink {
  return {
    async deliver(delivery) {
      const { change, entries, subscription, memory, signal } = delivery;
      const state = stateIn(memory);
      // What never could be decided is not shown: the target has not been read yet, or its precheck refused the change.
      if (state === null && change.digest === null) return entries.length;
      const parameters = cardParameters(change, {
        url: linkOf(change.id),
        now: now(),
        choices: choicesOf(change),
      });
      const shows = createHash('sha256')
        .update(canonicalJson({ ...parameters }))
        .digest('hex');
      if (state === 'shown' && memory?.['shows'] === shows) return entries.length;

      const card = { outTrackId: outTrackIdOf(change.id, subscription), parameters, signal };
      if (state === null) await delivery.remember({ card: 'intended' });
      if (state === 'shown') await update(card);
      else await make(delivery, card, state);
      await delivery.remember({ card: 'shown', shows });
      return entries.length;
    },
  };

  interface Card {
    readonly outTrackId: string;
    readonly parameters: CardParameters;
    readonly signal: AbortSignal;
  }

  async function update({ outTrackId, parameters, signal }: Card): Promise<void> {
    try {
      await cards.update(outTrackId, { ...parameters }, signal);
    } catch (error) {
      // Somebody has deleted it, or DingTalk has.
      if (!isFault(error, 'not_found')) throw error;
      await cards.create(outTrackId, { ...parameters }, signal);
    }
  }

  async function make(delivery: Delivery, card: Card, state: State | null): Promise<void> {
    const { outTrackId, parameters, signal } = card;
    try {
      if (state === 'hidden') await cards.show(outTrackId, signal);
      else await cards.create(outTrackId, { ...parameters }, signal);
    } catch (error) {
      if (error instanceof CardHidden) {
        await delivery.remember({ card: 'hidden' });
        throw error;
      }
      if (state !== 'intended' || !isFault(error, 'refused', 'conflict')) throw error;
      // The first request may have made it, and its answer was lost.
      await cards.show(outTrackId, signal).catch(() => {
        throw error;
      });
    }
    // If an earlier request had made it, it shows what was true then.
    if (state !== null) await cards.update(outTrackId, { ...parameters }, signal);
  }
}

function isFault(error: unknown, ...faults: readonly RemoteError['fault'][]): boolean {
  return error instanceof RemoteError && faults.includes(error.fault);
}

function stateIn(memory: JsonObject | null): State | null {
  const state = memory?.['card'];
  return state === 'intended' || state === 'hidden' || state === 'shown' ? state : null;
}
