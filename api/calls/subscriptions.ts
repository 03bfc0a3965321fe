import { z } from 'zod';
import {
  deadLetterAnswer,
  deadLetterListQuerySchema,
  madeSubscription,
  replaySchema,
  subscriptionAnswer,
  subscriptionSchema,
  subscriptionWithBacklog,
} from '../subscription-schemas.ts';
import type { Call } from './call.ts';

/** Who gets which entries of the log, and what they did not take. */
export const subscriptionCalls: readonly Call[] = [
  {
    method: 'post',
    path: '/v1/subscriptions',
    summary: 'Have entries of the log sent to a webhook; its secret is shown this once',
    roles: ['admin'],
    body: subscriptionSchema,
    answers: { 201: madeSubscription },
    problems: [400, 401, 403, 409, 413, 415, 429, 503],
  },
  {
    method: 'get',
    path: '/v1/subscriptions',
    summary: 'Subscriptions, with what each is behind with',
    roles: ['admin'],
    answers: { 200: z.object({ items: z.array(subscriptionWithBacklog) }) },
    problems: [401, 403, 503],
  },
  {
    method: 'get',
    path: '/v1/subscriptions/{name}',
    summary: 'One subscription',
    roles: ['admin'],
    answers: { 200: subscriptionWithBacklog },
    problems: [401, 403, 404, 503],
  },
  {
    method: 'delete',
    path: '/v1/subscriptions/{name}',
    summary: 'Remove a subscription that was made here, with what was to be delivered',
    roles: ['admin'],
    answers: { 200: subscriptionAnswer },
    problems: [401, 403, 404, 405, 429, 503],
  },
  {
    method: 'post',
    path: '/v1/subscriptions/{name}/secrets',
    summary: 'Another secret for a webhook; both sign for a day. It is shown this once',
    roles: ['admin'],
    answers: { 201: z.object({ secret: z.string() }) },
    problems: [401, 403, 404, 405, 429, 503],
  },
  {
    method: 'post',
    path: '/v1/subscriptions/{name}/activation',
    summary: 'Make a disabled subscription active again',
    roles: ['admin'],
    answers: { 200: subscriptionWithBacklog },
    problems: [401, 403, 404, 429, 503],
  },
  {
    method: 'post',
    path: '/v1/subscriptions/{name}/replays',
    summary: 'Try dead letters again: those of one change, or of a range of indexes',
    roles: ['admin'],
    body: replaySchema,
    answers: { 200: z.object({ replayed: z.int() }) },
    problems: [400, 401, 403, 404, 413, 415, 429, 503],
  },
  {
    method: 'get',
    path: '/v1/subscriptions/{name}/dead-letters',
    summary: 'What could not be delivered, by the first entry of each',
    roles: ['admin'],
    query: deadLetterListQuerySchema,
    answers: { 200: z.object({ items: z.array(deadLetterAnswer), nextCursor: z.string().nullable() }) },
    problems: [400, 401, 403, 404, 503],
  },
];
