import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { CountersignError } from '../domain/error.ts';
import type { FieldError } from '../domain/error.ts';
import { identifier, sha256Hex, text, words } from '../domain/text-schema.ts';
import { scopes } from '../domain/scope.ts';
import { decisionStatuses, executionStatuses, reviewStatuses } from '../domain/status.ts';
import { scopeOf, scopePattern } from '../domain/target-schema.ts';
import { asked, ticket } from '../operations/change-request.ts';
import { errorsOf } from '../operations/field-errors.ts';

extendZodWithOpenApi(z);

/** RFC 3339 with a zone; fractions beyond milliseconds are cut off. */
const moment = z.iso.datetime({
  offset: true,
  error: 'expected a time with a zone, such as 2026-11-30T08:00:00Z',
});
const comment = text(2000);

/** Body of `POST /v1/changes`; the operation's own schema checks `input`. */
export const submitRequestSchema = z
  .strictObject({
    operation: asked.operation,
    input: asked.input,
    justification: asked.justification,
    ticket: z
      .strictObject({
        system: ticket.system,
        id: ticket.id,
        url: ticket.url.optional(),
      })
      .optional(),
    decideBy: moment.optional(),
    executeAfter: moment.optional(),
    executeBy: moment.optional(),
    breakGlass: z.boolean().optional(),
  })
  .openapi('SubmitRequest');

/** Body of `POST /v1/changes/{id}/decisions`. */
export const decisionSchema = z
  .strictObject({
    decision: z.enum(['approve', 'reject']),
    digest: sha256Hex,
    comment: comment.default(''),
  })
  .openapi('Decision');

/** Body of `POST /v1/changes/{id}/withdrawal`. */
export const withdrawalSchema = z.strictObject({ comment: comment.default('') }).openapi('Withdrawal');

/** Body of `POST /v1/changes/{id}/execution`. */
export const executionSchema = z
  .strictObject({
    action: z.enum(['pause', 'resume', 'retry', 'abandon']),
    comment: words(2000),
  })
  .openapi('Execution');

/** Body of `POST /v1/changes/{id}/review`. */
export const reviewSchema = z.strictObject({ comment: words(2000) }).openapi('Review');

/** Body of `POST /v1/policy-revocations`. */
export const policyRevocationSchema = z
  .strictObject({ digest: sha256Hex, comment: words(2000) })
  .openapi('PolicyRevocationRequest');

/** Body of `POST /v1/freezes`. A member of the scope that is left out matches any value. */
export const freezeSchema = z
  .strictObject({
    operation: identifier(100).optional(),
    scope: scopeOf(scopePattern).optional().meta({
      description:
        "A pattern for each member that the target's scope must have; every target where it is empty",
    }),
    regionId: scopePattern.optional().meta({ description: 'Short for regionId of scope' }),
    mqttInstanceId: scopePattern.optional().meta({ description: 'Short for mqttInstanceId of scope' }),
    startsAt: moment.optional(),
    endsAt: moment.optional(),
    reason: words(2000),
  })
  .openapi('FreezeDeclaration');

/** Body of `POST /v1/freezes/{id}/overrides`. */
export const freezeOverrideSchema = z
  .strictObject({ changeId: z.uuid(), digest: sha256Hex, comment: words(2000) })
  .openapi('FreezeOverrideRequest');

/** How many items a page has. */
export const limit = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number)
  .pipe(z.number().min(1).max(200))
  .default(50)
  .openapi({ type: 'integer', minimum: 1, maximum: 200, default: 50 });

/** Body of `POST /v1/tokens`. */
export const tokenSchema = z
  .strictObject({
    name: words(100),
    scopes: z.array(z.enum(scopes)).min(1).max(10),
    expiresAt: moment,
  })
  .openapi('TokenRequest');

/** Query of `GET /v1/tokens`. */
export const tokenListQuerySchema = z.strictObject({ cursor: z.uuid().optional(), limit });

/** Query of `GET /v1/freezes`. */
export const freezeListQuerySchema = z.strictObject({ cursor: text(200).optional(), limit });

/** Query of `GET /v1/changes`; the parameters `scope.<member>` are one object here, see ./list-query.ts. */
export const listQuerySchema = z.strictObject({
  decisionStatus: z.enum(decisionStatuses).optional(),
  executionStatus: z.enum(executionStatuses).optional(),
  reviewStatus: z.enum(reviewStatuses).optional(),
  operation: identifier(100).optional(),
  scope: scopeOf(identifier(2000))
    .optional()
    // As OpenAPI has it, an exploded object: each member is a parameter of its own name.
    .openapi({ param: { style: 'form', explode: true } })
    .meta({
      propertyNames: { pattern: '^scope\\.[A-Za-z][A-Za-z0-9]{0,63}$' },
      description:
        "Values that members of the target's scope must have, each a parameter of its own: scope.sn=0072",
    }),
  sn: identifier(2000).optional().meta({ description: 'Short for scope.sn' }),
  mqttInstanceId: identifier(2000).optional().meta({ description: 'Short for scope.mqttInstanceId' }),
  requester: text(200).optional(),
  ticket: identifier(200).optional(),
  requestId: identifier(200).optional().meta({ description: "The vendor's RequestId of an attempt" }),
  submittedFrom: moment.optional().meta({ description: 'Submitted then or later' }),
  submittedTo: moment.optional().meta({ description: 'Submitted before' }),
  awaiting: z.literal('me').optional(),
  decidedBy: z.literal('me').optional(),
  cursor: text(200).optional(),
  limit,
});

/** Query of `GET /v1/statistics`. */
export const statisticsQuerySchema = z.strictObject({
  from: moment.optional().meta({ description: 'Changes submitted then or later; default 30 days before to' }),
  to: moment.optional().meta({ description: 'Changes submitted before; default now' }),
  operation: identifier(100).optional(),
});

/** Query of `GET /v1/calendar`. */
export const calendarQuerySchema = z.strictObject({
  from: moment.optional().meta({ description: 'Default now' }),
  to: moment.optional().meta({ description: 'Default 31 days after from; at most 62' }),
});

/** Body of `POST /v1/policy-explanations`; the operation's own schema checks `input`. */
export const policyExplanationSchema = z
  .strictObject({
    operation: asked.operation,
    input: asked.input,
    justification: asked.justification.optional().meta({
      description: 'A break-glass change may need one that begins with a reason of its policy',
    }),
    breakGlass: z.boolean().optional(),
  })
  .openapi('PolicyExplanationRequest');

/** The id of a change, a freeze or a token. */
export const uuidSchema = z.uuid();

/**
 * Input that follows its schema.
 * @throws CountersignError `invalid_request` naming each field and rule
 */
export function checked<T>(schema: z.ZodType<T>, value: unknown, prefix = ''): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw invalid(errorsOf(result.error, prefix));
}

/** The error for a member of a scope that is also given by its short form. @param field - the short form */
export function givenTwice(field: string): FieldError {
  return { field, rule: 'once', message: `scope.${field} is given, too: ${field} is its short form` };
}

/** The error for fields that broke rules. */
export function invalid(errors: readonly FieldError[]): CountersignError {
  const first = errors[0];
  const detail = first ? `${first.field}: ${first.message}` : 'the request is not valid';
  return new CountersignError('invalid_request', detail, { errors });
}
