import { z } from 'zod';
import { roles } from '../../domain/person.ts';
import {
  calendarSchema,
  contractSchema,
  meSchema,
  operationSchema,
  policyExplanationSchema as policyExplanationAnswer,
  statisticsSchema,
} from '../answer-schemas.ts';
import { calendarQuerySchema, policyExplanationSchema, statisticsQuerySchema } from '../schemas.ts';
import { payloadsSchema } from '../payload-schemas.ts';
import type { Call } from './call.ts';

/** What holds now: for people, pages and whoever is about to ask. */
export const readingCalls: readonly Call[] = [
  {
    method: 'get',
    path: '/v1/me',
    summary: 'Who the caller is, by their token, and what their roles let them call',
    roles: 'any',
    answers: { 200: meSchema },
    problems: [401, 503],
  },
  {
    method: 'get',
    path: '/v1/statistics',
    summary: 'Figures of the changes that were submitted in a time',
    roles: ['auditor', 'operator', 'admin'],
    query: statisticsQuerySchema,
    answers: { 200: statisticsSchema },
    problems: [400, 401, 403, 503],
  },
  {
    method: 'get',
    path: '/v1/calendar',
    summary: 'Freezes, and the windows of the policies in force, as times for drawing',
    roles,
    query: calendarQuerySchema,
    answers: { 200: calendarSchema },
    problems: [400, 401, 403, 503],
  },
  {
    method: 'post',
    path: '/v1/policy-explanations',
    summary: 'Which policy a change would have if the caller asked for it now, and why; writes nothing',
    roles,
    body: policyExplanationSchema,
    answers: { 200: policyExplanationAnswer },
    problems: [400, 401, 403, 413, 415, 429, 503],
  },
  {
    method: 'post',
    path: '/v1/payloads/decode',
    summary:
      'Payloads of Temporal’s, decoded for whoever may read their change: the protocol of its codec servers; recorded',
    roles: 'any',
    body: payloadsSchema,
    answers: { 200: payloadsSchema },
    problems: [400, 401, 403, 404, 413, 415, 429, 503],
  },
  {
    method: 'get',
    path: '/v1/operations',
    summary: 'The gated operations',
    roles: 'any',
    answers: {
      200: z.object({
        items: z.array(operationSchema),
      }),
    },
    problems: [401, 503],
  },
  {
    method: 'get',
    path: '/v1/contract',
    summary: 'How workflows in any language ask for an approval',
    roles: 'any',
    answers: { 200: contractSchema },
    problems: [401, 503],
  },
];
