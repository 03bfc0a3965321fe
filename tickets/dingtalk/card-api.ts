import { RemoteError } from '../remote-error.ts';
import type { AppCall } from './access-token.ts';

/** A card that was made and that DingTalk could not show, for example where the robot is not in the group. */
export class CardHidden extends RemoteError {
  constructor() {
    super('denied', 'DingTalk could not show the card there', { httpStatus: 200 });
    this.name = 'CardHidden';
  }
}

/** Cards of one template in one place of DingTalk. */
export interface CardApi {
  /**
   * Makes a card and shows it. Whether DingTalk takes the same `outTrackId` twice is not known: see card-sink.ts.
   * @throws CardHidden, another RemoteError
   */
  create(
    outTrackId: string,
    parameters: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Shows a card that was made already. @throws CardHidden, another RemoteError */
  show(outTrackId: string, signal: AbortSignal): Promise<void>;
  /** @throws RemoteError */
  update(
    outTrackId: string,
    parameters: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Shows one person a notice on a card, and nobody else. @throws RemoteError */
  tell(outTrackId: string, userId: string, notice: string, signal: AbortSignal): Promise<void>;
}

/** See {@link CardApi}. @param openSpaceId - where cards are shown, such as `dtv1.card//IM_GROUP.<conversation>` */
export function makeCardApi(
  call: AppCall,
  place: { readonly templateId: string; readonly openSpaceId: string; readonly robotCode: string },
): CardApi {
  const { templateId, openSpaceId, robotCode } = place;
  const delivered = {
    openSpaceId,
    userIdType: 1,
    ...(openSpaceId.includes('//IM_GROUP.') ? { imGroupOpenDeliverModel: { robotCode } } : {}),
    ...(openSpaceId.includes('//IM_ROBOT.')
      ? { imRobotOpenDeliverModel: { spaceType: 'IM_ROBOT', robotCode } }
      : {}),
  };
  return {
    async create(outTrackId, parameters, signal) {
      const made = {
        cardTemplateId: templateId,
        outTrackId,
        callbackType: 'STREAM',
        cardData: { cardParamMap: parameters },
        // Its buttons belong where it was shown.
        imGroupOpenSpaceModel: { supportForward: false },
        imRobotOpenSpaceModel: { supportForward: false },
      };
      const body = { ...made, ...delivered };
      const answer = await call('POST', '/v1.0/card/instances/createAndDeliver', body, signal);
      assertShown(answer);
    },
    async show(outTrackId, signal) {
      assertShown(await call('POST', '/v1.0/card/instances/deliver', { outTrackId, ...delivered }, signal));
    },
    async update(outTrackId, parameters, signal) {
      const body = {
        outTrackId,
        cardData: { cardParamMap: parameters },
        cardUpdateOptions: { updateCardDataByKey: true },
      };
      assertDone(await call('PUT', '/v1.0/card/instances', body, signal));
    },
    async tell(outTrackId, userId, notice, signal) {
      const body = {
        outTrackId,
        privateData: { [userId]: { cardParamMap: { notice } } },
        userIdType: 1,
        cardUpdateOptions: { updateCardDataByKey: true, updatePrivateDataByKey: true },
      };
      assertDone(await call('PUT', '/v1.0/card/instances', body, signal));
    },
  };
}

function assertDone({ success }: Readonly<Record<string, unknown>>): void {
  if (success === false) throw new RemoteError('failed', 'DingTalk did not do it', { httpStatus: 200 });
}

/** A card that is made and not shown is answered 200, too. */
function assertShown(answer: Readonly<Record<string, unknown>>): void {
  assertDone(answer);
  const { result } = answer;
  const results: unknown = Array.isArray(result)
    ? result
    : (result as { readonly deliverResults?: unknown } | null | undefined)?.deliverResults;
  const isMissing = (one: unknown) => (one as { readonly success?: unknown } | null)?.success === false;
  if (Array.isArray(results) && results.some(isMissing)) throw new CardHidden();
}
