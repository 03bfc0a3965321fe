import { createHash, randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { ChangeRequest } from '../domain/change.ts';
import { defaultInstallation, scopeOfKeys } from '../domain/installation.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Person, PersonId } from '../domain/person.ts';
import type { PinnedPolicy } from '../domain/policy.ts';
import { isoTime } from '../domain/time.ts';
import { uuidOfDigest } from '../domain/uuid-of-digest.ts';
import { idempotencyKey as idempotencyKeySchema } from '../operations/change-request.ts';
import { checked, invalid } from '../operations/checked.ts';
import { clockErrors } from '../operations/clocks.ts';
import { fieldErrors } from '../operations/field-errors.ts';
import { inputErrors, readInput } from '../operations/inputs.ts';
import type { ReadInput } from '../operations/inputs.ts';
import { pinsOf } from '../operations/operation.ts';
import type { Operations } from '../operations/registry.ts';
import { submitRequestSchema } from './schemas.ts';

/**
 * The change id of a person's key: the same for each repeat, so that racing requests meet in one workflow. A UUID of
 * version 8 (RFC 9562 §5.8) out of SHA-256. Installations of one namespace make different ones.
 */
export function changeIdOf(person: PersonId, key: string | null, installation = defaultInstallation): string {
  if (key === null) return randomUUID();
  const hash = createHash('sha256').update(
    JSON.stringify([person.issuer, person.subject, key, ...scopeOfKeys(installation)]),
  );
  return uuidOfDigest(hash.digest('hex'));
}

/**
 * What `POST /v1/changes` received, and from whom. Once it is read and has its policy it is a {@link ChangeRequest}; the
 * workflow makes the change of that.
 */
export interface SubmitRequest {
  readonly person: Person;
  readonly body: unknown;
  /** The header `Idempotency-Key`. */
  readonly key: string | string[] | undefined;
  /** The address that it came from. */
  readonly source: string | null;
}

/** A change request whose policy is not chosen yet. */
export type RequestWithoutPolicy = Omit<ChangeRequest, 'policy' | 'decideBy' | 'executeWithinMs'> & {
  readonly decideBy: string | null;
};

/**
 * Reads a request's form alone. {@link assertClocks} says whether it may start now: a repeat of an old request is no longer
 * timely, and is still the same request.
 *
 * @param now - milliseconds since the epoch: when it was submitted
 * @param installation - the one that is asked
 * @throws CountersignError `invalid_request` naming each field and rule
 */
export function readSubmitRequest(
  operations: Operations,
  { body, key, person, source }: SubmitRequest,
  now: number,
  installation = defaultInstallation,
): RequestWithoutPolicy {
  const idempotencyKey = key === undefined ? null : checked(idempotencyKeySchema, key, 'Idempotency-Key');
  const { asked, operation, input, target } = readAsked(operations, submitRequestSchema, body);
  const time = (value: string | undefined) => (value === undefined ? null : isoTime(Date.parse(value)));
  return {
    id: changeIdOf(person, idempotencyKey, installation),
    operation: operation.name,
    ...pinsOf(operation),
    input,
    target,
    requester: person,
    justification: asked.justification,
    ticket: asked.ticket
      ? { system: asked.ticket.system, id: asked.ticket.id, url: asked.ticket.url ?? null }
      : null,
    breakGlass: asked.breakGlass ?? false,
    submittedAt: isoTime(now),
    decideBy: time(asked.decideBy),
    executeAfter: time(asked.executeAfter),
    executeBy: time(asked.executeBy),
    submission: null,
    idempotency:
      idempotencyKey === null
        ? null
        : {
            key: idempotencyKey,
            bodyDigest: createHash('sha256').update(canonicalJson(body)).digest('hex'),
          },
    source,
  };
}

/**
 * What a body asks for: by its own schema, and its input by that of the operation which it names.
 *
 * @throws CountersignError `invalid_request` naming each field and rule
 */
export function readAsked<T extends { readonly input: object }>(
  operations: Operations,
  schema: z.ZodType<T>,
  body: unknown,
): Omit<ReadInput, 'fault'> & { readonly asked: T } {
  const { operation: name, input: sent } = (body ?? {}) as { operation?: unknown; input?: unknown };
  const operation = typeof name === 'string' ? operations.get(name) : undefined;
  const errors = fieldErrors(schema, body);
  // All errors at once. An input that is missing or no object already has its error from the first schema.
  if (operation && sent !== null && typeof sent === 'object' && !Array.isArray(sent)) {
    errors.push(...inputErrors(operation, sent));
  }
  if (errors.length > 0) throw invalid(errors);
  const asked = checked(schema, body);
  if (!operation) {
    throw invalid([
      { field: 'operation', rule: 'one_of', message: 'not a gated operation; see GET /v1/operations' },
    ]);
  }
  const found = readInput(operations, { operation: operation.name, input: asked.input as JsonObject });
  if (found.fault !== null) throw invalid([{ field: 'input', rule: 'target', message: found.fault }]);
  return { asked, operation, input: found.input, target: found.target };
}

/** The request with its policy, which fills in what the request leaves open. */
export function withPolicy(request: RequestWithoutPolicy, policy: PinnedPolicy): ChangeRequest {
  const { executeBy, submittedAt } = request;
  const usual = isoTime(Date.parse(submittedAt) + policy.decideWithinMs);
  // A decision after execute-by would be of no use, so nobody is asked for one.
  const decideBy = request.decideBy ?? (executeBy !== null && executeBy < usual ? executeBy : usual);
  return { ...request, policy, decideBy, executeWithinMs: policy.executeWithinMs };
}

/**
 * Refuses a new request whose clocks cannot be kept.
 *
 * @param now - milliseconds since the epoch
 * @throws CountersignError `invalid_request` for clocks that are past, too far or in the wrong order
 */
export function assertClocks(request: ChangeRequest, now: number): void {
  const errors = clockErrors(request, now);
  if (errors.length > 0) throw invalid(errors);
}
