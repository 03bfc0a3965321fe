import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { commentText, identifier, sha256Hex, text, words, zonedMoment } from '../domain/text-schema.ts';
import { scopes } from '../domain/scope.ts';
import { decisionStatuses, executionStatuses, reviewStatuses } from '../domain/status.ts';
import { scopeOf } from '../domain/target-schema.ts';
import { asked, ticket } from '../operations/change-request.ts';
import { freezeMembers } from '../operations/freeze-request.ts';

extendZodWithOpenApi(z);

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
    decideBy: zonedMoment.optional(),
    executeAfter: zonedMoment.optional(),
    executeBy: zonedMoment.optional(),
    breakGlass: z.boolean().optional(),
  })
  .openapi('SubmitRequest');

/** Body of `POST /v1/changes/{id}/decisions`. */
export const decisionSchema = z
  .strictObject({
    decision: z.enum(['approve', 'reject']),
    digest: sha256Hex,
    comment: commentText.default(''),
  })
  .openapi('Decision');

/** Body of `POST /v1/changes/{id}/withdrawal`. */
export const withdrawalSchema = z.strictObject({ comment: commentText.default('') }).openapi('Withdrawal');

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

/** Body of `POST /v1/freezes`. */
export const freezeSchema = z.strictObject(freezeMembers).openapi('FreezeDeclaration');

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
    expiresAt: zonedMoment,
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
  submittedFrom: zonedMoment.optional().meta({ description: 'Submitted then or later' }),
  submittedTo: zonedMoment.optional().meta({ description: 'Submitted before' }),
  awaiting: z.literal('me').optional(),
  decidedBy: z.literal('me').optional(),
  cursor: text(200).optional(),
  limit,
});

/** Query of `GET /v1/statistics`. */
export const statisticsQuerySchema = z.strictObject({
  from: zonedMoment
    .optional()
    .meta({ description: 'Changes submitted then or later; default 30 days before to' }),
  to: zonedMoment.optional().meta({ description: 'Changes submitted before; default now' }),
  operation: identifier(100).optional(),
});

/** Query of `GET /v1/calendar`. */
export const calendarQuerySchema = z.strictObject({
  from: zonedMoment.optional().meta({ description: 'Default now' }),
  to: zonedMoment.optional().meta({ description: 'Default 31 days after from; at most 62' }),
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
