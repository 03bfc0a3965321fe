import { z } from 'zod';
import { madeRevocationSchema, policyRevocationAnswer } from '../answer-schemas.ts';
import { policyRevocationSchema } from '../schemas.ts';
import type { Call } from './call.ts';

/** Versions of policies that hold no more. */
export const policyRevocationCalls: readonly Call[] = [
  {
    method: 'post',
    path: '/v1/policy-revocations',
    summary: 'Revoke one version of a policy for good; its open changes end as refused',
    roles: ['admin'],
    body: policyRevocationSchema,
    answers: { 200: madeRevocationSchema, 201: madeRevocationSchema },
    problems: [400, 401, 403, 404, 413, 415, 429, 503],
  },
  {
    method: 'get',
    path: '/v1/policy-revocations',
    summary: 'Revoked versions of policies, newest first',
    roles: ['admin'],
    answers: { 200: z.object({ items: z.array(policyRevocationAnswer) }) },
    problems: [401, 403, 503],
  },
];
