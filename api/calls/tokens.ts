import { z } from 'zod';
import { issuedTokenSchema, tokenSchema as tokenAnswer } from '../answer-schemas.ts';
import { tokenListQuerySchema, tokenSchema } from '../schemas.ts';
import type { Call } from './call.ts';

/** API tokens for machines. */
export const tokenCalls: readonly Call[] = [
  {
    method: 'post',
    path: '/v1/tokens',
    summary: 'Issue an API token for a machine; its secret is shown this once',
    roles: ['admin'],
    body: tokenSchema,
    answers: { 201: issuedTokenSchema },
    problems: [400, 401, 403, 413, 415, 429, 503],
  },
  {
    method: 'get',
    path: '/v1/tokens',
    summary: 'API tokens, the last issued first',
    roles: ['admin'],
    query: tokenListQuerySchema,
    answers: { 200: z.object({ items: z.array(tokenAnswer), nextCursor: z.string().nullable() }) },
    problems: [400, 401, 403, 503],
  },
  {
    method: 'get',
    path: '/v1/tokens/{id}',
    summary: 'One API token',
    roles: ['admin'],
    answers: { 200: tokenAnswer },
    problems: [401, 403, 404, 503],
  },
  {
    method: 'delete',
    path: '/v1/tokens/{id}',
    summary: 'Revoke an API token, at once and for good',
    roles: ['admin'],
    answers: { 200: tokenAnswer },
    problems: [401, 403, 404, 429, 503],
  },
];
