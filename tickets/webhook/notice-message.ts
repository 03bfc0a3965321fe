import type { Change } from '../../domain/change.ts';
import { audienceOf, noticeOf } from '../../domain/notice.ts';
import { shownJson } from '../../domain/shown-text.ts';
import type { DeliveredEntry } from '../sink.ts';
import { viewOf } from './message.ts';
import type { Message } from './message.ts';
import { messageId } from './sign.ts';

/**
 * The message that says whom to tell of what; null for an entry that people are not told of. Nothing of it is left out, however
 * long it is: its receivers know this one form alone.
 *
 * @param change - as the entries up to this one make it: a repeat is the same message
 */
export function noticeMessage(change: Change, { key, body }: DeliveredEntry): Message | null {
  const kind = noticeOf(body.type, change);
  if (kind === null) return null;
  const { groups, people } = audienceOf(kind, change);
  const data = { change: viewOf(change), audience: { groups, people } };
  return {
    id: messageId(key),
    contentType: 'application/json',
    body: shownJson({ type: `change.${kind}`, timestamp: body.time, data }),
  };
}
