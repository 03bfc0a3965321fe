import { CountersignError } from '../domain/error.ts';
import { noticedTypes } from '../domain/notice.ts';
import { isWebhookUrl } from '../domain/subscription-schema.ts';
import { isLoopback } from '../domain/loopback.ts';
import type { FileSubscription } from '../tickets/outbox/keep-file-subscriptions.ts';
import { keyOf } from '../tickets/webhook/sign.ts';
import type { WebhookSettings } from '../tickets/webhook/sink.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';

/** The name of the subscription that COUNTERSIGN_WEBHOOK_URL stands for. */
export const noticesName = 'notices';

/** What COUNTERSIGN_WEBHOOK_URL stands for: a subscription, and how its webhook is reached. */
export interface NoticesSubscription {
  readonly subscription: FileSubscription;
  readonly settings: WebhookSettings;
  /** Whoever names this machine means it; any other special range takes the file. */
  readonly allowNetworks: readonly string[];
}

/**
 * The subscription that COUNTERSIGN_WEBHOOK_URL and its secret stand for; null where it is not set.
 *
 * @throws CountersignError `invalid_configuration` for plain HTTP off loopback and for a secret that is none
 */
export function noticesSubscription(env: Environment): NoticesSubscription | null {
  const { COUNTERSIGN_WEBHOOK_URL: url } = env;
  if (url === undefined) return null;
  if (!isWebhookUrl(url, true)) {
    throw wrong('COUNTERSIGN_WEBHOOK_URL', 'https', 'must be https: off loopback, without user and fragment');
  }
  const secret = required(env, 'COUNTERSIGN_WEBHOOK_SECRET');
  if (keyOf(secret) === null) {
    throw wrong('COUNTERSIGN_WEBHOOK_SECRET', 'format', 'must be whsec_ and base64 of 24 to 64 bytes');
  }
  const { host, hostname } = new URL(url);
  const form = 'notices';
  return {
    subscription: {
      name: noticesName,
      target: { kind: 'webhook', host, form },
      filter: { types: noticedTypes },
    },
    settings: { url, secrets: [secret], form },
    allowNetworks: isLoopback(hostname) ? ['127.0.0.0/8', '::1/128'] : [],
  };
}

function wrong(field: string, rule: string, message: string): CountersignError {
  return new CountersignError('invalid_configuration', `${field}: ${message}`, {
    errors: [{ field, rule, message }],
  });
}
