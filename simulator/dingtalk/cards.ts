import type { Answer } from '../answer.ts';
import type { Incoming } from '../incoming.ts';
import { jsonAnswer } from '../rest-endpoint.ts';
import { apiError, membersOf } from './access.ts';
import type { DingTalkOptions } from './settings.ts';

type Parameters = Readonly<Record<string, string>>;

/** A card as it is shown. */
export interface Card {
  readonly outTrackId: string;
  readonly clientId: string;
  readonly templateId: string;
  readonly openSpaceId: string;
  readonly parameters: Parameters;
  /** What single people see beside. */
  readonly privateData: Readonly<Record<string, Parameters>>;
  /** How often it was shown: more than once is a repeat that DingTalk did not recognise. */
  readonly shown: number;
  readonly updates: number;
}

/** What an answer to a click, or an update, may change. */
export interface CardUpdate {
  readonly cardData?: { readonly cardParamMap?: Parameters };
  readonly privateData?: Readonly<Record<string, { readonly cardParamMap?: Parameters }>>;
  readonly cardUpdateOptions?: {
    readonly updateCardDataByKey?: boolean;
    readonly updatePrivateDataByKey?: boolean;
  };
}

/** The cards' part. @param hidden - open spaces in which nothing can be shown */
export function makeCards(
  repeated: NonNullable<DingTalkOptions['repeatedCard']>,
  hidden: ReadonlySet<string>,
) {
  const cards = new Map<string, Card>();

  function results(openSpaceId: string, outTrackId: string): Answer {
    const isShown = !hidden.has(openSpaceId);
    const [spaceType = '', spaceId = ''] = openSpaceId.replace('dtv1.card//', '').split('.', 2);
    const failed = isShown ? {} : { errorMsg: 'robot is not in the conversation' };
    const deliverResults = [{ spaceType, spaceId, success: isShown, ...failed }];
    return jsonAnswer({ success: true, result: { outTrackId, deliverResults } });
  }

  function show(card: Card): void {
    const isShown = !hidden.has(card.openSpaceId);
    cards.set(card.outTrackId, { ...card, shown: card.shown + (isShown ? 1 : 0) });
  }

  return {
    all: () => [...cards.values()],
    get: (outTrackId: string) => cards.get(outTrackId),
    clear: () => cards.clear(),
    remove: (outTrackId: string) => cards.delete(outTrackId),

    createAndDeliver(incoming: Incoming, clientId: string, dryRun: boolean): Answer {
      const { outTrackId, cardTemplateId, openSpaceId, cardData } = membersOf(incoming);
      if (typeof outTrackId !== 'string' || outTrackId === '') {
        return apiError(400, 'param.outTrackIdEmpty', 'outTrackId is empty');
      }
      if (typeof cardTemplateId !== 'string')
        return apiError(400, 'param.cardTemplateIdEmpty', 'no template');
      if (typeof openSpaceId !== 'string' || !openSpaceId.startsWith('dtv1.card//')) {
        return apiError(400, 'param.openSpaceIdInvalid', 'openSpaceId is invalid');
      }
      const parameters = (cardData as CardUpdate['cardData'])?.cardParamMap ?? {};
      if (!Object.values(parameters).every((value) => typeof value === 'string')) {
        return apiError(400, 'param.cardPublicDataInvalid', 'values have to be strings');
      }
      const before = cards.get(outTrackId);
      if (before !== undefined && repeated === 'error') {
        return apiError(400, 'param.outTrackIdRepeated', 'outTrackId exists');
      }
      if (dryRun || (before !== undefined && repeated === 'same')) return results(openSpaceId, outTrackId);
      const made = { outTrackId, clientId, templateId: cardTemplateId, openSpaceId, parameters };
      show(before ?? { ...made, privateData: {}, shown: 0, updates: 0 });
      return results(openSpaceId, outTrackId);
    },

    deliver(incoming: Incoming, dryRun: boolean): Answer {
      const { outTrackId, openSpaceId } = membersOf(incoming);
      const card = cards.get(String(outTrackId));
      if (card === undefined) return apiError(404, 'card.notFound', 'no such card');
      if (!dryRun) show({ ...card, openSpaceId: String(openSpaceId) });
      return results(String(openSpaceId), card.outTrackId);
    },

    update(incoming: Incoming, dryRun: boolean): Answer {
      const members = membersOf(incoming);
      const card = cards.get(String(members['outTrackId']));
      if (card === undefined) return apiError(404, 'card.notFound', 'no such card');
      if (!dryRun) this.change(card.outTrackId, members);
      return jsonAnswer({ success: true, result: true });
    },

    /** Changes what a card shows: by single members, or as a whole. */
    change(outTrackId: string, { cardData, privateData = {}, cardUpdateOptions = {} }: CardUpdate): void {
      const card = cards.get(outTrackId);
      if (card === undefined) return;
      const { updateCardDataByKey = false, updatePrivateDataByKey = false } = cardUpdateOptions;
      const given = cardData?.cardParamMap;
      const told = Object.entries(privateData).map(
        ([userId, { cardParamMap = {} }]): [string, Parameters] => [
          userId,
          updatePrivateDataByKey ? { ...card.privateData[userId], ...cardParamMap } : cardParamMap,
        ],
      );
      cards.set(outTrackId, {
        ...card,
        ...(given ? { parameters: updateCardDataByKey ? { ...card.parameters, ...given } : given } : {}),
        privateData: { ...card.privateData, ...Object.fromEntries(told) },
        updates: card.updates + 1,
      });
    },
  };
}
