import { z } from 'zod';
import {
  freezeOverrideSchema as freezeOverrideAnswer,
  declaredFreezeSchema,
  freezeSchema as freezeAnswer,
} from '../answer-schemas.ts';
import { idempotencyKey } from '../../operations/change-request.ts';
import { freezeListQuerySchema, freezeOverrideSchema, freezeSchema } from '../schemas.ts';
import type { Call } from './call.ts';
import { readers } from './call.ts';

/** A freeze of the calendar file has a name instead. */
const freezeId = z.object({ id: z.string() });

/** Freezes, and the leave to run in one. */
export const freezeCalls: readonly Call[] = [
  {
    method: 'post',
    path: '/v1/freezes',
    summary: 'Declare a freeze: nothing that it holds runs until it ends or is lifted',
    roles: ['admin'],
    body: freezeSchema,
    headers: z.object({ 'Idempotency-Key': idempotencyKey.optional() }),
    answers: { 200: declaredFreezeSchema, 201: declaredFreezeSchema },
    problems: [400, 401, 403, 413, 415, 422, 429, 503],
  },
  {
    method: 'get',
    path: '/v1/freezes',
    summary: 'Freezes, the last declared first, after those of the calendar file',
    roles: [...readers, 'admin'],
    query: freezeListQuerySchema,
    answers: { 200: z.object({ items: z.array(freezeAnswer), nextCursor: z.string().nullable() }) },
    problems: [400, 401, 403, 503],
  },
  {
    method: 'get',
    path: '/v1/freezes/{id}',
    summary: 'One freeze',
    roles: [...readers, 'admin'],
    params: freezeId,
    answers: { 200: freezeAnswer },
    problems: [401, 403, 404, 503],
  },
  {
    method: 'delete',
    path: '/v1/freezes/{id}',
    summary: 'Lift a freeze before its end',
    roles: ['admin'],
    params: freezeId,
    answers: { 200: freezeAnswer },
    problems: [401, 403, 404, 405, 409, 429, 503],
  },
  {
    method: 'post',
    path: '/v1/freezes/{id}/overrides',
    summary: 'Let one change run in a freeze, as its policy allows, by its digest',
    roles: ['approver'],
    params: freezeId,
    body: freezeOverrideSchema,
    answers: { 200: freezeOverrideAnswer, 201: freezeOverrideAnswer },
    problems: [400, 401, 403, 404, 409, 412, 413, 415, 429, 503],
  },
];
