import { z } from 'zod';
import {
  isWebhookUrl,
  subscriptionFilter,
  subscriptionName,
  webhookForm,
} from '../domain/subscription-schema.ts';
import type { DeadLetter } from '../store/list-dead-letters.ts';
import type { ReplayedLetters } from '../store/replay-dead-letters.ts';
import { limit } from './schemas.ts';

/** Body of `POST /v1/subscriptions`. */
export const subscriptionSchema = z
  .strictObject({
    name: subscriptionName,
    url: z
      .string()
      .max(2000)
      .refine((text) => isWebhookUrl(text, false), {
        error: 'must be an https: URL without user and fragment',
        params: { rule: 'format' },
      }),
    filter: subscriptionFilter.default({}),
    form: webhookForm.default('countersign'),
  })
  .openapi('SubscriptionRequest');

const index = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Body of `POST /v1/subscriptions/{name}/replays`: one change, or a range of indexes, both ends included. */
export const replaySchema = z
  .strictObject({ changeId: z.uuid().optional(), from: index.optional(), to: index.optional() })
  .refine(
    ({ changeId, from, to }) =>
      changeId === undefined
        ? from !== undefined && to !== undefined
        : from === undefined && to === undefined,
    { error: 'expected changeId alone, or from and to', path: ['changeId'], params: { rule: 'alone' } },
  )
  .openapi('Replay');

/** See {@link replaySchema}. */
export function replayedLetters({ changeId, from, to }: z.infer<typeof replaySchema>): ReplayedLetters {
  return changeId === undefined ? { from: from ?? 0, to: to ?? 0 } : { changeId };
}

/** Query of `GET /v1/subscriptions/{name}/dead-letters`. */
export const deadLetterListQuerySchema = z.strictObject({
  cursor: z
    .string()
    .regex(/^\d{1,15}\.[0-9a-f-]{36}$/)
    .pipe(z.string().refine((text) => z.uuid().safeParse(text.split('.')[1]).success))
    .optional(),
  limit,
});

/** The dead letter that a page ended with. */
export function deadLetterCursorOf(cursor: string): Pick<DeadLetter, 'from' | 'changeId'> {
  const [from = '', changeId = ''] = cursor.split('.');
  return { from: Number(from), changeId };
}

const moment = z.iso.datetime();
const count = z.int();
const named = z.object({ issuer: z.string(), subject: z.string(), name: z.string() });

/** A subscription as the API answers it; a webhook's address is never told. */
export const subscriptionAnswer = z
  .object({
    name: z.string(),
    source: z.enum(['file', 'api']),
    target: z.union([
      z.object({ kind: z.literal('system'), system: z.string() }),
      z.object({ kind: z.literal('webhook'), host: z.string(), form: webhookForm }),
    ]),
    filter: z.object({
      types: z.array(z.string()).optional(),
      operations: z.array(z.string()).optional(),
      scope: z.record(z.string(), z.array(z.string())).optional(),
    }),
    fromIndex: count,
    state: z.enum(['active', 'disabled']),
    disabledReason: z.string().nullable(),
    pausedUntil: moment.nullable(),
    createdBy: named.nullable(),
    createdAt: moment,
  })
  .openapi('Subscription');

/** The same with what it is behind with. */
export const subscriptionWithBacklog = subscriptionAnswer
  .extend({
    behind: count,
    deadLetters: count,
    oldestDueSince: moment.nullable(),
    oldestFailure: z
      .object({
        changeId: z.uuid(),
        since: moment,
        attempts: count,
        nextAt: moment.nullable(),
        error: z.string(),
      })
      .nullable(),
  })
  .openapi('SubscriptionWithBacklog');

/** The same right after it was made: the one time that its secret is shown. */
export const madeSubscription = subscriptionWithBacklog
  .extend({ secret: z.string() })
  .openapi('MadeSubscription');

/** A dead letter. */
export const deadLetterAnswer = z
  .object({
    changeId: z.uuid(),
    from: count,
    to: count,
    why: z.string(),
    since: moment,
    firstFailedAt: moment.nullable(),
  })
  .openapi('DeadLetter');
