import { z } from 'zod';
import { roles } from '../domain/person.ts';
import type { Role } from '../domain/person.ts';
import { scopes } from '../domain/scope.ts';
import { decisionStatuses, executionStatuses, reviewStatuses } from '../domain/status.ts';
import {
  count,
  errorCode,
  json,
  missing,
  moment,
  named,
  person,
  policySchema,
  scope,
  target,
} from './answer-parts.ts';

/** A revoked version of a policy. */
export const policyRevocationAnswer = z
  .object({
    digest: z.string(),
    name: z.string(),
    version: z.string(),
    comment: z.string(),
    revokedBy: person,
    revokedAt: moment,
  })
  .openapi('PolicyRevocation');

/** A gated operation. */
export const operationSchema = z
  .object({
    name: z.string(),
    version: z.string(),
    title: z.string(),
    service: z.string(),
    input: json,
    inputSchemaDigest: z.string(),
  })
  .openapi('Operation');

/** How workflows in any language ask for an approval. */
export const contractSchema = z
  .object({
    version: z.literal(1),
    namespace: z.string(),
    taskQueue: z.string(),
    workflowType: z.string(),
    openedUpdate: z
      .string()
      .describe('an update of such a workflow: answers `schemas.opened` once the change is open'),
    nexus: z
      .object({ endpoint: z.string(), service: z.string(), operation: z.string(), opened: z.string() })
      .nullable()
      .describe('for hosts of other namespaces; null where it is not served'),
    schemas: z
      .object({ request: json, opened: json, answer: json, failure: json })
      .describe(
        'JSON Schemas of what the workflow takes, says once the change is open, answers, and fails with',
      ),
    endTypes: z
      .array(z.string())
      .describe('types of failures by which a change has ended; every other is the code of a refusal'),
    operations: z.array(operationSchema),
  })
  .openapi('Contract');

/** What is known of an API token. */
export const tokenSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    scopes: z.array(z.enum(scopes)),
    issuedBy: named,
    issuedAt: moment,
    expiresAt: moment,
    revokedAt: moment.nullable(),
    revokedBy: named.nullable(),
    lastUsedAt: moment.nullable(),
  })
  .openapi('Token');

/** An API token right after it was issued: the one time that its secret is shown. */
export const issuedTokenSchema = tokenSchema.extend({ secret: z.string() }).openapi('IssuedToken');

/** A freeze as the API answers it. */
export const freezeSchema = z
  .object({
    id: z.string(),
    operation: z.string().nullable(),
    scope,
    startsAt: moment,
    endsAt: moment.nullable(),
    reason: z.string(),
    declaredBy: named.nullable(),
    declaredAt: moment.nullable(),
    liftedBy: named.nullable(),
    liftedAt: moment.nullable(),
  })
  .openapi('Freeze');

/** Calls that had begun when something was stopped. */
const callsUnderWay = z.array(z.object({ changeId: z.uuid(), attempt: count, sentAt: moment }));

/** A freeze that was just declared, with the calls that it came too late for. */
export const declaredFreezeSchema = freezeSchema.extend({ callsUnderWay }).openapi('DeclaredFreeze');

/** A revocation that was just made, with the calls that it came too late for. */
export const madeRevocationSchema = policyRevocationAnswer
  .extend({ callsUnderWay })
  .openapi('MadePolicyRevocation');

/** A change's leave to run in a freeze. */
export const freezeOverrideSchema = z
  .object({ freezeId: z.string(), changeId: z.uuid(), digest: z.string(), by: named, at: moment })
  .openapi('FreezeOverride');

/** An audit entry; further members belong to its type. */
export const entrySchema = z
  .looseObject({ index: z.number().int().nullable(), key: z.string(), type: z.string(), time: moment })
  .openapi('Entry');

const personId = z.object({ issuer: z.string(), subject: z.string() });
const byStatus = <S extends string>(statuses: readonly S[]) =>
  z.object(Object.fromEntries(statuses.map((status) => [status, count])) as Record<S, typeof count>);

/** Who the caller is, and what their roles let them call. */
export const meSchema = person
  .extend({
    expiresAt: moment,
    leftOut: z.array(z.string()).meta({
      description: 'Claims that the identity provider left out of the token because they are too long',
    }),
    policyGroups: z
      .array(z.object({ name: z.string(), source: z.enum(['token', 'directory', 'members']) }))
      .meta({ description: 'The groups in which the policies see the caller, and from where' }),
    roleValues: z
      .object({
        claim: z.string(),
        values: z.object(
          Object.fromEntries(roles.map((role) => [role, z.array(z.string())])) as Record<
            Role,
            z.ZodArray<z.ZodString>
          >,
        ),
      })
      .meta({ description: 'For each role, the values of the claim that give it' }),
    may: z.array(z.object({ method: z.string(), path: z.string(), ownOnly: z.boolean() })),
  })
  .openapi('Me');

/** Figures of the changes that were submitted in a time. */
export const statisticsSchema = z
  .object({
    from: moment,
    to: moment,
    operation: z.string().nullable(),
    changes: count,
    byDecision: byStatus(decisionStatuses),
    byExecution: byStatus(executionStatuses),
    byReview: byStatus(reviewStatuses),
    outcomes: z.array(z.object({ code: z.string(), count })),
    approval: z
      .object({ count, p50Ms: z.number().nullable(), p90Ms: z.number().nullable() })
      .meta({ description: 'From submission to the last approval, of those that people have approved' }),
    attempts: z.array(
      z.object({
        outcome: z.enum(['open', 'succeeded', 'failed', 'unknown']),
        class: z.string().nullable(),
        code: z.string().nullable(),
        count,
      }),
    ),
  })
  .openapi('Statistics');

/** Freezes and windows as times for drawing. */
export const calendarSchema = z
  .object({
    from: moment,
    to: moment,
    freezes: z.array(
      z.object({
        id: z.string(),
        operation: z.string().nullable(),
        scope,
        reason: z.string(),
        startsAt: moment,
        endsAt: moment.nullable(),
      }),
    ),
    freezesComplete: z.boolean(),
    windows: z.array(
      z.object({
        policy: z.string(),
        version: z.string(),
        digest: z.string(),
        times: z.array(z.object({ from: moment, until: moment })),
        upTo: moment.meta({ description: 'Until when `times` are complete' }),
        problem: z.string().nullable(),
      }),
    ),
  })
  .openapi('Calendar');

/** What would hold for a change if the caller asked for it now. */
export const policyExplanationSchema = z
  .object({
    operation: z.string(),
    target,
    breakGlass: z.boolean(),
    at: moment,
    tried: z.array(z.object({ policy: z.string(), version: z.string(), unmet: z.string().nullable() })),
    policy: policySchema.nullable(),
    stages: z.array(
      z.object({
        stage: z.string(),
        seats: z.array(
          z.object({
            group: z.string().nullable(),
            threshold: count,
            people: z.array(personId).nullable(),
          }),
        ),
      }),
    ),
    verdict: z.enum(['satisfiable', 'unsatisfiable', 'unknown', 'no_policy']),
    missing,
    mayBreakGlass: z.boolean().nullable(),
    window: z
      .object({ open: z.boolean(), changes: moment.nullable(), problem: z.string().nullable() })
      .nullable(),
    freezes: z.array(
      z.object({
        id: z.string(),
        reason: z.string(),
        startsAt: moment,
        endsAt: moment.nullable(),
        inForce: z.boolean(),
      }),
    ),
    refusal: z.object({ code: errorCode, message: z.string(), changeId: z.uuid().nullable() }).nullable(),
  })
  .openapi('PolicyExplanation');

/** An RFC 9457 problem. */
export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    instance: z.string(),
    code: errorCode,
    errors: z.array(z.object({ field: z.string(), rule: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem');

/** What these are as the API answers them, for whoever reads them: no one needs a client that is generated. */
export type MeAnswer = z.infer<typeof meSchema>;
export type StatisticsAnswer = z.infer<typeof statisticsSchema>;
export type CalendarAnswer = z.infer<typeof calendarSchema>;
export type PolicyExplanationAnswer = z.infer<typeof policyExplanationSchema>;
export type ContractAnswer = z.infer<typeof contractSchema>;
export type OperationAnswer = z.infer<typeof operationSchema>;
export type FreezeAnswer = z.infer<typeof freezeSchema>;
export type EntryAnswer = z.infer<typeof entrySchema>;
export type ProblemAnswer = z.infer<typeof problemSchema>;
