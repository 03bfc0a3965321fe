import { createHmac, randomUUID } from 'node:crypto';
import { delay } from '../answer.ts';
import type { JiraState } from './state.ts';

/** A delivery of an event, for `GET /_sim/webhooks`. */
export interface WebhookCall {
  readonly id: string;
  readonly event: string;
  /** The statuses that were answered; null: no answer. */
  readonly statuses: (number | null)[];
}

/** Sends events to the webhook, signed as the cloud signs. */
export interface Webhooks {
  tell(name: string, actor: unknown, members: Readonly<Record<string, unknown>>): void;
  readonly sent: readonly WebhookCall[];
}

const attempts = 6;
const deadlineMs = 10_000;
const defaultRetryMs = 300_000;

/** After these answers the cloud sends an event again; any other loses it. */
function isRepeated(status: number | null): boolean {
  return status === null || status >= 500 || [408, 409, 425, 429].includes(status);
}

/** @param closing - ends what is under way */
export function makeWebhooks(state: JiraState, closing: AbortSignal): Webhooks {
  const sent: WebhookCall[] = [];
  let waiting: (() => void) | null = null;

  async function send(
    hook: { url: string; secret: string; retryMs?: number },
    call: WebhookCall,
    body: string,
  ) {
    const signature = createHmac('sha256', hook.secret).update(body).digest('hex');
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0 && !(await delay(hook.retryMs ?? defaultRetryMs, closing))) return;
      const status = await fetch(hook.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=UTF-8',
          'x-atlassian-webhook-identifier': call.id,
          'x-atlassian-webhook-retry': String(attempt),
          'x-hub-signature': `sha256=${signature}`,
        },
        body,
        signal: AbortSignal.any([closing, AbortSignal.timeout(deadlineMs)]),
      }).then(
        async (response) => {
          await response.body?.cancel();
          return response.status;
        },
        () => null,
      );
      call.statuses.push(status);
      if (!isRepeated(status) || closing.aborted) return;
    }
  }

  return {
    sent,
    tell(name, actor, members) {
      const hook = state.controls.webhook;
      if (hook === null) return;
      const body = JSON.stringify({ timestamp: Date.now(), webhookEvent: name, user: actor, ...members });
      const call = { id: randomUUID(), event: name, statuses: [] };
      sent.push(call);
      const go = () => void send(hook, call, body);
      switch (hook.mode ?? 'once') {
        case 'once':
          go();
          break;
        case 'lost':
          break;
        case 'twice':
          go();
          go();
          break;
        case 'reordered': {
          const before = waiting;
          waiting = before === null ? go : null;
          if (before !== null) {
            go();
            before();
          }
        }
      }
    },
  };
}
