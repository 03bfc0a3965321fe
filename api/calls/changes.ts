import { z } from 'zod';
import { entrySchema } from '../answer-schemas.ts';
import { changeSchema, listedChangeSchema } from '../change-answer.ts';
import { idempotencyKey } from '../../operations/change-request.ts';
import {
  decisionSchema,
  executionSchema,
  listQuerySchema,
  reviewSchema,
  submitRequestSchema,
  withdrawalSchema,
} from '../schemas.ts';
import type { Call } from './call.ts';
import { readers } from './call.ts';

const page = z.object({ items: z.array(listedChangeSchema), nextCursor: z.string().nullable() });

/** Changes: what is asked for, decided, steered and watched. */
export const changeCalls: readonly Call[] = [
  {
    method: 'post',
    path: '/v1/changes',
    summary: 'Ask for a change; answers once its first entry is durable',
    roles: ['requester'],
    body: submitRequestSchema,
    headers: z.object({ 'Idempotency-Key': idempotencyKey.optional() }),
    answers: { 200: changeSchema, 201: changeSchema },
    problems: [400, 401, 403, 409, 413, 415, 422, 429, 503],
  },
  {
    method: 'get',
    path: '/v1/changes',
    summary: 'Changes, newest first',
    roles: 'any',
    query: listQuerySchema,
    answers: { 200: page },
    problems: [400, 401, 503],
  },
  {
    method: 'get',
    path: '/v1/changes/{id}',
    summary: 'One change',
    roles: readers,
    own: true,
    answers: { 200: changeSchema },
    problems: [401, 404, 503],
  },
  {
    method: 'post',
    path: '/v1/changes/{id}/decisions',
    summary: 'Approve or reject what was seen, by its digest',
    roles: ['approver'],
    body: decisionSchema,
    answers: { 200: changeSchema },
    problems: [400, 401, 403, 404, 409, 412, 413, 415, 429, 503],
  },
  {
    method: 'delete',
    path: '/v1/changes/{id}/decisions',
    summary: 'Take back one’s own decision while its stage is open',
    roles: ['approver'],
    answers: { 200: changeSchema },
    problems: [401, 403, 404, 409, 429, 503],
  },
  {
    method: 'post',
    path: '/v1/changes/{id}/withdrawal',
    summary: 'Withdraw a change before its call',
    roles: ['operator'],
    own: true,
    body: withdrawalSchema,
    answers: { 200: changeSchema },
    problems: [400, 401, 403, 404, 409, 413, 415, 429, 503],
  },
  {
    method: 'post',
    path: '/v1/changes/{id}/execution',
    summary: 'Pause, resume, retry or abandon an execution',
    roles: ['operator'],
    body: executionSchema,
    answers: { 200: changeSchema },
    problems: [400, 401, 403, 404, 409, 413, 415, 429, 503],
  },
  {
    method: 'post',
    path: '/v1/changes/{id}/review',
    summary: 'Sign the review that a break-glass change owes',
    roles: readers,
    peopleOnly: true,
    body: reviewSchema,
    answers: { 200: changeSchema },
    problems: [400, 401, 403, 404, 409, 413, 415, 429, 503],
  },
  {
    method: 'get',
    path: '/v1/changes/{id}/events',
    summary: 'Audit entries of a change, in order; live under Accept: text/event-stream',
    roles: readers,
    own: true,
    headers: z.object({
      'Last-Event-ID': z
        .string()
        .regex(/^\d{1,15}$/)
        .optional(),
    }),
    answers: { 200: z.object({ items: z.array(entrySchema) }) },
    stream: true,
    problems: [400, 401, 404, 503],
  },
];
