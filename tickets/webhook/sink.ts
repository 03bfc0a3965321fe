import type { Change } from '../../domain/change.ts';
import type { WebhookForm } from '../../domain/subscription.ts';
import { changeAfter, eventOf } from '../event-of.ts';
import { faultOfStatus, RemoteError } from '../remote-error.ts';
import type { DeliveredEntry, Delivery, Sink } from '../sink.ts';
import { retryAfterMs } from '../retry-after.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { messageOf } from './message.ts';
import type { Message } from './message.ts';
import { noticeMessage } from './notice-message.ts';
import { keyOf, signedHeaders } from './sign.ts';

/** What a sink of webhooks is made of. */
export interface WebhookSettings {
  readonly url: string;
  /** One, or two while one is replaced: the newest first. `whsec_` and base64. */
  readonly secrets: readonly string[];
  readonly form: WebhookForm;
}

/**
 * A receiver of webhooks after Standard Webhooks 1.0.0: a POST for each entry that its form has a message for, in order.
 *
 * @param answerWithinMs - longest wait for an answer; default 10,000
 * @throws TypeError for a secret that is none
 */
export function makeWebhookSink(
  { url, secrets, form }: WebhookSettings,
  {
    fetch,
    answerWithinMs = 10_000,
    now = Date.now,
  }: { readonly fetch: GuardedFetch; readonly answerWithinMs?: number; readonly now?: () => number },
): Sink {
  const keys = secrets.map((secret) => keyOf(secret) ?? noSecret());
  if (keys.length === 0) noSecret();

  async function send({ id, contentType, body }: Message, signal: AbortSignal): Promise<void> {
    const { status, retryAfter } = await fetch(url, {
      headers: { 'content-type': contentType, ...signedHeaders(keys, { id, body }, now()) },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]),
    });
    if (status >= 200 && status < 300) return;
    const fault = faultOfStatus(status);
    // A receiver that takes a message for wrong today may be mended tomorrow, and a redirect is never followed.
    throw new RemoteError(fault === 'refused' ? 'failed' : fault, `answered ${status}`, {
      httpStatus: status,
      retryAfterMs: retryAfterMs(retryAfter, now()),
    });
  }

  async function sendEach(
    { entries, signal }: Pick<Delivery, 'entries' | 'signal'>,
    messageFor: (entry: DeliveredEntry) => Message | null,
  ): Promise<number> {
    for (const [n, entry] of entries.entries()) {
      const message = messageFor(entry);
      if (message === null) continue;
      try {
        await send(message, signal);
      } catch (error) {
        // What came before is delivered; this one begins the next delivery.
        if (n > 0) return n;
        throw error;
      }
    }
    return entries.length;
  }

  return {
    async deliver(delivery) {
      const changeAt = changesIn(delivery);
      return await sendEach(delivery, (entry) => {
        const then = changeAt(entry.index);
        return form === 'notices' ? noticeMessage(then, entry) : messageOf(then, entry, form);
      });
    },
    deliverBeyondChanges: (delivery) =>
      sendEach(delivery, (entry) => (form === 'notices' ? null : messageOf(null, entry, form))),
  };
}

/** The change as it was after an entry, asked for in the log's order. */
function changesIn({
  history,
  change: now,
}: Pick<Delivery, 'history' | 'change'>): (index: number) => Change {
  let change: Change | null = null;
  let next = 0;
  return (index) => {
    for (let entry = history[next]; entry && entry.index <= index; entry = history[++next]) {
      const event = eventOf(entry.body, now);
      if (event !== null) change = changeAfter(change, event);
    }
    if (change === null) throw new RemoteError('failed', 'the log does not tell what the change is');
    return change;
  };
}

function noSecret(): never {
  throw new TypeError('a secret of webhooks is whsec_ and base64 of 24 to 64 bytes');
}
