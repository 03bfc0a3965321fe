import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { CountersignError } from '../domain/error.ts';
import type { FieldError } from '../domain/error.ts';
import { identifierFault, textFault } from '../domain/text-fault.ts';
import type { TextFault } from '../domain/text-fault.ts';
import { scopes } from '../domain/scope.ts';
import { decisionStatuses, executionStatuses, reviewStatuses } from '../domain/status.ts';

extendZodWithOpenApi(z);

/** Refuses text in which a rule finds a fault. */
const without =
  (faultIn: (text: string) => TextFault | null) =>
  (ctx: z.core.ParsePayload<string>): void => {
    const fault = faultIn(ctx.value);
    if (fault === null) return;
    const { rule, message } = fault;
    ctx.issues.push({ code: 'custom', input: ctx.value, message, params: { rule } });
  };
/** Text in which tabs and line ends are the only control characters. */
export const text = (max: number) => z.string().max(max).check(without(textFault));
/** Text that names something: nothing in it that cannot be seen. */
const identifier = (max: number) => z.string().max(max).check(without(identifierFault));
const named = (max: number) => identifier(max).trim().min(1);
const words = (max: number) => text(max).trim().min(1);
/** RFC 3339 with a zone; fractions beyond milliseconds are cut off. */
const moment = z.iso.datetime({
  offset: true,
  error: 'expected a time with a zone, such as 2026-11-30T08:00:00Z',
});
const comment = text(2000);
const digestText = z.string().regex(/^[0-9a-f]{64}$/);

/** Body of `POST /v1/changes`; the operation's own schema checks `input`. */
export const submissionSchema = z
  .strictObject({
    operation: z.string().max(100),
    input: z.record(z.string(), z.unknown()),
    justification: words(2000),
    ticket: z
      .strictObject({
        system: named(100),
        id: named(200),
        url: z
          .url({ protocol: /^https?$/ })
          .max(2000)
          // It is kept as it came, and read as a URL without them.
          .check(without(identifierFault))
          .optional(),
      })
      .optional(),
    decideBy: moment.optional(),
    executeAfter: moment.optional(),
    executeBy: moment.optional(),
    breakGlass: z.boolean().optional(),
  })
  .openapi('Submission');

/** Body of `POST /v1/changes/{id}/decisions`. */
export const decisionSchema = z
  .strictObject({
    decision: z.enum(['approve', 'reject']),
    digest: digestText,
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
  .strictObject({ digest: z.string().regex(/^[0-9a-f]{64}$/), comment: words(2000) })
  .openapi('PolicyRevocationRequest');

/** Body of `POST /v1/freezes`; what is left out holds for any. */
export const freezeSchema = z
  .strictObject({
    operation: identifier(100).optional(),
    regionId: named(64).optional(),
    mqttInstanceId: named(128).optional(),
    startsAt: moment.optional(),
    endsAt: moment.optional(),
    reason: words(2000),
  })
  .openapi('FreezeDeclaration');

/** Body of `POST /v1/freezes/{id}/overrides`. */
export const freezeOverrideSchema = z
  .strictObject({ changeId: z.uuid(), digest: digestText, comment: words(2000) })
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

/** Query of `GET /v1/changes`. */
export const listQuerySchema = z.strictObject({
  decisionStatus: z.enum(decisionStatuses).optional(),
  executionStatus: z.enum(executionStatuses).optional(),
  reviewStatus: z.enum(reviewStatuses).optional(),
  operation: identifier(100).optional(),
  sn: identifier(128).optional(),
  mqttInstanceId: identifier(128).optional(),
  requester: text(200).optional(),
  ticket: identifier(200).optional(),
  awaiting: z.literal('me').optional(),
  cursor: text(200).optional(),
  limit,
});

/** The id of a change, a freeze or a token. */
export const uuidSchema = z.uuid();

/** `Idempotency-Key`: 1 to 255 visible ASCII characters. */
export const idempotencyKeySchema = z.string().regex(/^[\x21-\x7e]{1,255}$/);

/**
 * Input that follows its schema.
 * @throws CountersignError `invalid_request` naming each field and rule
 */
export function checked<T>(schema: z.ZodType<T>, value: unknown, prefix = ''): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw invalid(errorsOf(result.error, prefix));
}

/** What is wrong with a value, field by field; nothing when it follows its schema. */
export function fieldErrors(schema: z.ZodType, value: unknown, prefix = ''): FieldError[] {
  const result = schema.safeParse(value, { reportInput: true });
  return result.success ? [] : errorsOf(result.error, prefix);
}

function errorsOf(error: z.ZodError, prefix: string): FieldError[] {
  return error.issues.flatMap((issue) => errorsOfIssue(issue, prefix));
}

/** The refusal of fields that broke rules. */
export function invalid(errors: readonly FieldError[]): CountersignError {
  const first = errors[0];
  const detail = first ? `${first.field}: ${first.message}` : 'the request is not valid';
  return new CountersignError('invalid_request', detail, { errors });
}

function errorsOfIssue(issue: z.core.$ZodIssue, prefix: string): FieldError[] {
  const field = [prefix, ...issue.path.map(String)].filter((part) => part !== '').join('.') || 'body';
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: field === 'body' ? key : `${field}.${key}`,
      rule: 'unknown_field',
      message: 'no such field',
    }));
  }
  return [{ field, rule: ruleOf(issue), message: issue.message }];
}

function ruleOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'required' : 'type';
    case 'too_big':
      return issue.origin === 'string' ? 'max_length' : 'maximum';
    case 'too_small':
      return issue.origin === 'string' ? (issue.minimum === 1 ? 'required' : 'min_length') : 'minimum';
    case 'invalid_format':
      return 'format';
    case 'invalid_value':
      return 'one_of';
    case 'custom':
      return typeof issue.params?.rule === 'string' ? issue.params.rule : 'invalid';
    default:
      return issue.code;
  }
}
