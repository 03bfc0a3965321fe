/** The topic of clicks on cards. */
export const cardTopic = '/v1.0/card/instances/callback';

/** What DingTalk pushes over Stream. */
export interface Frame {
  readonly type: 'SYSTEM' | 'EVENT' | 'CALLBACK';
  readonly topic: string;
  /** Comes back in the answer; a repeated push has the same. Empty where none was sent. */
  readonly messageId: string;
  /** JSON. */
  readonly data: string;
}

/** A frame as it was sent; null for what is none. Members that are not known are let pass. */
export function frameIn(text: string): Frame | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const { type, headers, data } = (value ?? {}) as Record<string, unknown>;
  if (type !== 'SYSTEM' && type !== 'EVENT' && type !== 'CALLBACK') return null;
  const { topic, messageId } = (headers ?? {}) as Record<string, unknown>;
  if (typeof topic !== 'string') return null;
  const id = typeof messageId === 'string' && messageId.length <= 200 ? messageId : '';
  return { type, topic, messageId: id, data: typeof data === 'string' ? data : '' };
}

/**
 * The answer to a frame.
 *
 * @param code - 200; 404: no such topic; 500: an error of ours
 * @param data - JSON
 */
export function answerTo({ messageId }: Frame, code: 200 | 404 | 500, data: string): string {
  const message = code === 200 ? 'OK' : code === 404 ? 'not found' : 'internal error';
  return JSON.stringify({ code, headers: { messageId, contentType: 'application/json' }, message, data });
}

/** The `data` of an answer to a click: shows a notice on the card to whoever clicked, and to nobody else. */
export function noticeData(notice: string): string {
  return JSON.stringify({
    response: {
      cardUpdateOptions: { updateCardDataByKey: true, updatePrivateDataByKey: true },
      userPrivateData: { cardParamMap: { notice } },
    },
  });
}
