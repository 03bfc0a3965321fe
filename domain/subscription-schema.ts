import { z } from 'zod';
import { isSafeAddress } from './loopback.ts';

/** A subscription's name. */
export const subscriptionName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, {
  error: 'must be a name of a-z, 0-9 and -, at most 40 characters',
});

const pattern = z.array(z.string().min(1).max(200)).min(1).max(50);

/** See `SubscriptionFilter` of ./subscription.ts. */
export const subscriptionFilter = z
  .strictObject({
    types: pattern.optional().meta({ description: 'Types of entries, such as decision.*; default all.' }),
    operations: pattern.optional(),
    scope: z
      .record(z.string().min(1).max(100), pattern)
      .optional()
      .meta({ description: "Members of the target's scope." }),
  })
  .meta({ description: 'Which entries; default all. * stands for any text, ? for one character.' });

/** See `WebhookForm` of ./subscription.ts. */
export const webhookForm = z.enum(['countersign', 'cloudevents', 'notices']);

/**
 * Whether a text is the address of a receiver of webhooks. Where it leads is not asked here, but at each connection.
 * @param loopback - whether plain HTTP on this machine is one
 */
export function isWebhookUrl(text: string, loopback: boolean): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.hash !== '') return false;
  return loopback ? isSafeAddress(url) : url.protocol === 'https:';
}
