import { z } from 'zod';
import { actions } from '../domain/actions.ts';
import type { Action } from '../domain/actions.ts';
import { decisionStatuses, executionStatuses, reviewStatuses } from '../domain/status.ts';
import { ticketTimes } from '../domain/ticket-time.ts';
import {
  count,
  errorCode,
  json,
  missing,
  moment,
  named,
  person,
  policySchema,
  target,
} from './answer-parts.ts';

const decision = z.object({
  decision: z.enum(['approve', 'reject']),
  comment: z.string(),
  person,
  digest: z.string(),
  round: z.number().int(),
  at: moment,
  stage: z.string(),
  counts: z.boolean(),
  takenBack: count.optional(),
  directory: z
    .array(z.object({ issuer: z.string(), subject: z.string(), groups: z.array(z.string()) }))
    .optional(),
});

/** What was read of a ticket. */
const ticketSchema = z
  .object({
    system: z.string(),
    id: z.string(),
    key: z.string(),
    url: z.string().nullable(),
    type: z.string(),
    project: z.string(),
    state: z.string(),
    phase: z.enum(['new', 'in_progress', 'done', 'cancelled']),
    onHold: z.boolean(),
    approved: z.boolean().nullable(),
    summary: z.string(),
    fields: z.record(z.string(), z.string().nullable()),
    times: z.enum(ticketTimes),
    version: z.string(),
    digest: z.string(),
    at: moment,
  })
  .openapi('Ticket');

const permission = z
  .union([
    z.object({ allowed: z.literal(true), repeated: z.literal(true).optional() }),
    z.object({ allowed: z.literal(false), code: errorCode }),
  ])
  .openapi('Permission');

const outcome = z
  .object({
    code: z.string(),
    message: z.string(),
    requestId: z.string().nullable(),
    reconciled: z.boolean(),
    at: moment,
  })
  .nullable();

/** A change as the API answers it. */
export const changeSchema = z
  .object({
    id: z.uuid(),
    version: z.number().int(),
    operation: z.string(),
    operationVersion: z.string(),
    inputSchemaDigest: z.string(),
    input: json,
    target,
    requester: person,
    justification: z.string(),
    ticket: z.object({ system: z.string(), id: z.string(), url: z.string().nullable() }).nullable(),
    breakGlass: z.boolean(),
    policy: policySchema,
    decisionStatus: z.enum(decisionStatuses),
    executionStatus: z.enum(executionStatuses),
    reviewStatus: z.enum(reviewStatuses),
    submittedAt: moment,
    decideBy: moment,
    executeAfter: moment.nullable(),
    executeBy: moment.nullable(),
    asked: z.object({ executeBy: moment.nullable(), executeWithinMs: count }),
    snapshot: json.nullable(),
    digest: z.string().nullable(),
    round: z.number().int(),
    escalatedAt: moment.nullable(),
    decisions: z.array(decision),
    missing,
    outcome,
    stopWords: count,
    review: z.object({ person, comment: z.string(), at: moment }).nullable(),
    closedAt: moment.nullable(),
    attempts: z.array(
      z.object({
        changeId: z.uuid(),
        ordinal: z.number().int(),
        target: z.string(),
        startedAt: moment,
        sentAt: moment.nullable(),
        endedAt: moment.nullable(),
        outcome: z.enum(['open', 'succeeded', 'failed', 'unknown']),
        class: z.string().nullable(),
        httpStatus: z.number().int().nullable(),
        code: z.string().nullable(),
        message: z.string().nullable(),
        requestId: z.string().nullable(),
      }),
    ),
    waitsFor: z
      .object({
        kind: z.enum(['window', 'freeze', 'revocation', 'ticket']),
        reason: z.string(),
        until: moment.nullable(),
        freezeId: z.string().nullable(),
      })
      .nullable(),
    ticketRead: z
      .object({
        point: z.enum(['precheck', 'before_call']),
        at: moment,
        verdict: z.string().nullable(),
        message: z.string().nullable(),
        ticket: ticketSchema.nullable(),
      })
      .nullable(),
    stop: z.object({ action: z.string(), by: named, comment: z.string(), at: moment }).nullable(),
    presented: z.array(z.object({ label: z.string(), value: z.string() })).nullable(),
    callUnderWay: z.object({ attempt: count, sentAt: moment }).nullable(),
    awaitingYou: z.boolean(),
    actions: z.object(
      Object.fromEntries(actions.map((action) => [action, permission])) as Record<Action, typeof permission>,
    ),
    links: z.object({ self: z.string(), events: z.string(), decisions: z.string() }),
  })
  .openapi('Change');

/** A change as a list has it. */
export const listedChangeSchema = changeSchema
  .pick({
    id: true,
    version: true,
    operation: true,
    input: true,
    target: true,
    justification: true,
    ticket: true,
    breakGlass: true,
    decisionStatus: true,
    executionStatus: true,
    reviewStatus: true,
    submittedAt: true,
    decideBy: true,
    executeAfter: true,
    executeBy: true,
    escalatedAt: true,
    round: true,
    digest: true,
    missing: true,
    outcome: true,
    closedAt: true,
  })
  .extend({
    requester: person.pick({ issuer: true, subject: true, name: true, issuedBy: true, vouchedBy: true }),
    policy: z.object({ name: z.string(), version: z.string() }),
    intact: z.boolean(),
  })
  .openapi('ListedChange');

export type ChangeAnswer = z.infer<typeof changeSchema>;
export type ListedChangeAnswer = z.infer<typeof listedChangeSchema>;
