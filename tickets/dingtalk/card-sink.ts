import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Change } from '../../domain/change.ts';
import type { JsonObject } from '../../domain/json.ts';
import { RemoteError } from '../remote-error.ts';
import { reminderIn } from '../reminder.ts';
import type { Delivery, Sink } from '../sink.ts';
import { CardHidden } from './card-api.ts';
import type { CardApi } from './card-api.ts';
import { cardParameters, outTrackIdOf, reminderIdOf, reminderParameters } from './message.ts';
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
 *
 * A card that is updated calls nobody back to it, so a reminder is a card of its own, without buttons.
 */
export function makeDingTalkCardSink({ cards, linkOf, choicesOf, now }: CardDependencies): Sink {
  return {
    async deliver(delivery) {
      const { change, entries, memory } = delivery;
      const state = stateIn(memory);
      // What never could be decided is not shown: the target has not been read yet, or its precheck refused the change.
      if (state === null && change.digest === null) return entries.length;
      const kept = keptCard(delivery);
      await show(delivery, kept, state);
      // A card that is new calls people by itself.
      if (state === 'shown') await remind(delivery, kept);
      return entries.length;
    },
  };

  async function show(delivery: Delivery, kept: KeptCard, state: State | null): Promise<void> {
    const { change, subscription, memory, signal } = delivery;
    const parameters = cardParameters(change, {
      url: linkOf(change.id),
      now: now(),
      choices: choicesOf(change),
    });
    const shows = createHash('sha256')
      .update(canonicalJson({ ...parameters }))
      .digest('hex');
    if (state === 'shown' && memory?.['shows'] === shows) return;

    const card = { outTrackId: outTrackIdOf(change.id, subscription), parameters, signal };
    if (state === null) await kept.keep({ card: 'intended' });
    if (state === 'shown') await update(card);
    else await make(kept, card, state);
    await kept.keep({ card: 'shown', shows });
  }

  /** That it is about to be made is kept before, that it was made afterwards: it is never lost. */
  async function remind(delivery: Delivery, kept: KeptCard): Promise<void> {
    const { change, subscription, signal } = delivery;
    const reminder = reminderIn(delivery);
    if (reminder === null || reminder.index <= kept.newest('reminded')) return;
    const isRepeat = kept.newest('reminding') === reminder.index;
    await kept.keep({ reminding: reminder.index });
    const parameters = reminderParameters(change, { url: linkOf(change.id), now: now() });
    try {
      await cards.create(reminderIdOf(subscription, reminder.key), { ...parameters }, signal);
    } catch (error) {
      // The first request may have made it, and its answer was lost.
      if (!isRepeat || !isFault(error, 'refused', 'conflict')) throw error;
    }
    await kept.keep({ reminded: reminder.index });
  }

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

  async function make(kept: KeptCard, card: Card, state: State | null): Promise<void> {
    const { outTrackId, parameters, signal } = card;
    try {
      if (state === 'hidden') await cards.show(outTrackId, signal);
      else await cards.create(outTrackId, { ...parameters }, signal);
    } catch (error) {
      if (error instanceof CardHidden) {
        await kept.keep({ card: 'hidden' });
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

/** What is kept of a change's cards, as it is now. */
interface KeptCard {
  /** The place in the log of the newest reminder that was made, or is about to be; -1: none. */
  newest(what: 'reminded' | 'reminding'): number;
  keep(next: JsonObject): Promise<void>;
}

function keptCard(delivery: Delivery): KeptCard {
  let memory = delivery.memory ?? {};
  return {
    newest: (what) => (typeof memory[what] === 'number' ? memory[what] : -1),
    async keep(next) {
      memory = { ...memory, ...next };
      await delivery.remember(memory);
    },
  };
}

function isFault(error: unknown, ...faults: readonly RemoteError['fault'][]): boolean {
  return error instanceof RemoteError && faults.includes(error.fault);
}

function stateIn(memory: JsonObject | null): State | null {
  const state = memory?.['card'];
  return state === 'intended' || state === 'hidden' || state === 'shown' ? state : null;
}
