import { z } from 'zod';
import { roles } from '../domain/person.ts';
import type { Role } from '../domain/person.ts';
import { auditEntriesQuerySchema, auditExportQuerySchema } from './audit-schemas.ts';
import {
  calendarSchema,
  changeSchema,
  listedChangeSchema,
  meSchema,
  operationSchema,
  entrySchema,
  freezeOverrideSchema as freezeOverrideAnswer,
  declaredFreezeSchema,
  freezeSchema as freezeAnswer,
  issuedTokenSchema,
  madeRevocationSchema,
  policyExplanationSchema as policyExplanationAnswer,
  policyRevocationAnswer,
  statisticsSchema,
  tokenSchema as tokenAnswer,
} from './answer-schemas.ts';
import {
  deadLetterAnswer,
  deadLetterListQuerySchema,
  madeSubscription,
  replaySchema,
  subscriptionAnswer,
  subscriptionSchema,
  subscriptionWithBacklog,
} from './subscription-schemas.ts';
import { idempotencyKey } from '../operations/change-request.ts';
import { resourceMetadataPath } from './resource.ts';
import {
  calendarQuerySchema,
  decisionSchema,
  executionSchema,
  freezeListQuerySchema,
  freezeOverrideSchema,
  freezeSchema,
  listQuerySchema,
  policyExplanationSchema,
  policyRevocationSchema,
  reviewSchema,
  statisticsQuerySchema,
  submitRequestSchema,
  tokenListQuerySchema,
  tokenSchema,
  withdrawalSchema,
} from './schemas.ts';

/** One call of the API, as its OpenAPI document describes it. */
export interface Call {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly body?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** Schema of the path's parameters; default: a UUID for `{id}`. */
  readonly params?: z.ZodObject;
  readonly answers: Readonly<Record<number, z.ZodType>>;
  readonly problems: readonly number[];
  /** The call can also answer as Server-Sent Events. */
  readonly stream?: boolean;
  /** The content type of the answer, when it is not JSON. */
  readonly as?: 'text/plain' | 'application/gzip';
  /**
   * Who may call: anybody with a token (`any`), whoever has one of these roles, or anybody at all (null). A test calls
   * each with every role, with none, with a machine's token and without a token.
   */
  readonly roles: readonly Role[] | 'any' | null;
  /** The requester of the change may call it, too. */
  readonly own?: boolean;
  /** No machine may call it, whatever its roles. */
  readonly peopleOnly?: boolean;
}

/** The roles that see every change. */
const readers: readonly Role[] = ['approver', 'auditor', 'operator'];

/** A freeze of the calendar file has a name instead. */
const freezeId = z.object({ id: z.string() });
const page = z.object({ items: z.array(listedChangeSchema), nextCursor: z.string().nullable() });
const readiness = z.object({
  status: z.enum(['ready', 'not ready']),
  postgres: z.boolean(),
  temporal: z.boolean(),
  log: z.boolean(),
  unsealed: z.object({ entries: z.int(), seconds: z.number() }).nullable(),
});
const protectedResource = z.object({
  resource: z.string(),
  authorization_servers: z.array(z.string()),
  bearer_methods_supported: z.array(z.string()),
  resource_name: z.string(),
});
/** Every call that the API answers. */
export const calls: readonly Call[] = [
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
    path: '/healthz',
    summary: 'Liveness',
    roles: null,
    answers: { 200: z.object({ status: z.string() }) },
    problems: [],
  },
  {
    method: 'get',
    path: '/readyz',
    summary: 'Readiness',
    roles: null,
    answers: { 200: readiness, 503: readiness },
    problems: [],
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'Prometheus metrics; 404 where they are off',
    roles: null,
    answers: { 200: z.string() },
    as: 'text/plain',
    problems: [],
  },
  {
    method: 'get',
    path: resourceMetadataPath,
    summary: 'Whose tokens this API takes (RFC 9728)',
    roles: null,
    answers: { 200: protectedResource },
    problems: [],
  },
  {
    method: 'post',
    path: '/v1/inbound/{system}',
    summary: 'What a ticket or chat system sends: signed by it over the raw body, each in its own form',
    roles: null,
    params: z.object({ system: z.string() }),
    answers: { 200: z.looseObject({}) },
    problems: [400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503],
  },
];
