import { z } from 'zod';
import type { ChangeRequest } from '../domain/change.ts';
import { longestMs } from '../domain/duration.ts';
import type { FieldError } from '../domain/error.ts';
import { personSchema } from '../domain/person-schema.ts';
import { pinnedPolicySchema } from '../domain/policy-schema.ts';
import { signedStatementSchema } from '../domain/statement-schema.ts';
import { targetSchema } from '../domain/target-schema.ts';
import { identifierFault } from '../domain/text-fault.ts';
import { identifier, isoMoment, named, sha256Hex, text, without, words } from '../domain/text-schema.ts';
import { clockErrors } from './clocks.ts';
import { fieldErrors } from './field-errors.ts';
import { faultOf } from './inputs.ts';
import type { Operations } from './registry.ts';

/** What a requester gives, by whichever way it comes: the limits are the same. */
export const asked = {
  operation: z.string().max(100),
  /** The operation's own schema checks it. */
  input: z.record(z.string(), z.unknown()),
  justification: words(2000),
} as const;

/** A ticket's members, likewise. */
export const ticket = {
  system: named(100),
  id: named(200),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    // It is kept as it came, and read as a URL without them.
    .check(without(identifierFault)),
} as const;

/** `Idempotency-Key`: 1 to 255 visible ASCII characters. */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/);

/** A change request as the change workflow takes it: every member, and no other. */
const changeRequest = z.strictObject({
  // In lower case, as everything else compares it.
  id: z.uuid().lowercase(),
  operation: asked.operation,
  operationVersion: identifier(32),
  inputSchemaDigest: sha256Hex,
  input: asked.input,
  target: targetSchema,
  requester: personSchema.refine(({ roles }) => roles.includes('requester'), {
    error: 'expected the role requester',
    params: { rule: 'one_of' },
  }),
  justification: asked.justification,
  ticket: z.strictObject({ system: ticket.system, id: ticket.id, url: ticket.url.nullable() }).nullable(),
  breakGlass: z.boolean(),
  policy: pinnedPolicySchema,
  submittedAt: isoMoment,
  decideBy: isoMoment,
  executeAfter: isoMoment.nullable(),
  executeBy: isoMoment.nullable(),
  executeWithinMs: z.int().min(0).max(longestMs),
  submission: signedStatementSchema.nullable(),
  idempotency: z.strictObject({ key: idempotencyKey, bodyDigest: sha256Hex }).nullable(),
  source: text(2000).nullable(),
} satisfies Record<keyof ChangeRequest, z.ZodType>);

/**
 * What is wrong with the form of a change request, member by member. The API's own requests are made to follow it, any other
 * must be checked: whoever may start workflows may send anything.
 */
export function requestErrors(request: unknown): FieldError[] {
  return fieldErrors(changeRequest, request);
}

/** What is wrong with what a well-formed change request asks for; nothing when a change may be made of it. */
export function askedErrors(operations: Operations, request: ChangeRequest): FieldError[] {
  const fault = faultOf(operations, request);
  if (fault !== null) return [{ field: 'input', rule: 'one_of', message: fault }];
  // Measured from its submission: a repeat of what was opened before is no longer timely, and still the same request.
  return clockErrors(request, Date.parse(request.submittedAt));
}
