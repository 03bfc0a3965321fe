import { z } from 'zod';
import { auditEntriesQuerySchema, auditExportQuerySchema } from '../audit-schemas.ts';
import { entrySchema } from '../answer-schemas.ts';
import type { Call } from './call.ts';

/** The log, for auditors. */
export const auditCalls: readonly Call[] = [
  {
    method: 'get',
    path: '/v1/audit/entries',
    summary: 'Entries of the log, in order, for auditors; the query is recorded',
    roles: ['auditor'],
    query: auditEntriesQuerySchema,
    answers: { 200: z.object({ items: z.array(entrySchema), nextCursor: z.string().nullable() }) },
    problems: [400, 401, 403, 503],
  },
  {
    method: 'get',
    path: '/v1/audit/entries/{index}/proof',
    summary: 'That an entry is in the log, as a C2SP tlog-proof',
    roles: ['auditor'],
    answers: { 200: z.string() },
    as: 'text/plain',
    problems: [400, 401, 403, 404, 503],
  },
  {
    method: 'get',
    path: '/v1/audit/checkpoint',
    summary: 'The newest signed checkpoint, as a C2SP signed note',
    roles: ['auditor'],
    answers: { 200: z.string() },
    as: 'text/plain',
    problems: [401, 403, 404, 503],
  },
  {
    method: 'get',
    path: '/v1/audit/export',
    summary: 'An evidence pack: a change, a range of entries, or the whole log',
    roles: ['auditor'],
    query: auditExportQuerySchema,
    answers: { 200: z.string() },
    as: 'application/gzip',
    problems: [400, 401, 403, 404, 503],
  },
];
