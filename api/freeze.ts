import { canonicalJson } from '../domain/canonical-json.ts';
import type { JsonObject } from '../domain/json.ts';
import type { FieldError } from '../domain/error.ts';
import type { Freeze } from '../domain/freeze.ts';
import type { Person } from '../domain/person.ts';
import { withShortForms } from '../domain/target-scope.ts';
import { isoTime } from '../domain/time.ts';
import { idempotencyKey as idempotencyKeySchema } from '../operations/change-request.ts';
import type { Operations } from '../operations/registry.ts';
import { scopeFault } from '../operations/scope-fault.ts';
import { checked, freezeSchema, givenTwice, invalid } from './schemas.ts';
import { changeIdOf } from './submit-request.ts';

/**
 * The freeze that a body of `POST /v1/freezes` declares. Its id comes from the person's key, so that a repeat meets the first.
 *
 * @param now - milliseconds since the epoch
 * @throws CountersignError `invalid_request` naming each field and rule
 */
export function readFreeze(
  operations: Operations,
  body: unknown,
  key: string | string[] | undefined,
  person: Person,
  now: number,
): Freeze {
  const idempotencyKey = key === undefined ? null : checked(idempotencyKeySchema, key, 'Idempotency-Key');
  const { operation, scope: named, startsAt, endsAt, reason, ...short } = checked(freezeSchema, body);
  const { scope, twice } = withShortForms(named ?? {}, short);
  const start = startsAt === undefined ? now : Date.parse(startsAt);
  const end = endsAt === undefined ? null : Date.parse(endsAt);
  const errors: FieldError[] = twice.map(givenTwice);
  if (operation !== undefined && !operations.get(operation)) {
    errors.push({ field: 'operation', rule: 'one_of', message: 'not a gated operation' });
  }
  const fault = scopeFault(operations, operation === undefined ? undefined : [operation], scope);
  if (fault !== null) errors.push({ field: 'scope', rule: 'one_of', message: fault });
  if (end !== null && end <= now) {
    errors.push({ field: 'endsAt', rule: 'future', message: 'must be in the future' });
  } else if (end !== null && end <= start) {
    errors.push({ field: 'startsAt', rule: 'before', message: 'must be before endsAt' });
  }
  if (errors.length > 0) throw invalid(errors);
  const { issuer, subject, name } = person;
  return {
    id: changeIdOf(person, idempotencyKey),
    operation: operation ?? null,
    scope,
    startsAt: isoTime(start),
    endsAt: end === null ? null : isoTime(end),
    reason,
    declaredBy: { issuer, subject, name },
    declaredAt: isoTime(now),
    liftedBy: null,
    liftedAt: null,
  };
}

/** Whether the bodies of two freezes are the same. A body without a start has the time of its first arrival. */
export function sameFreeze(kept: Freeze, asked: Freeze, body: unknown): boolean {
  const start = checked(freezeSchema, body).startsAt === undefined ? kept.startsAt : asked.startsAt;
  return canonicalJson(freezeDraft(kept)) === canonicalJson(freezeDraft({ ...asked, startsAt: start }));
}

/** The members that an entry has of a freeze. */
export function freezeDraft({ id, operation, scope, startsAt, endsAt, reason }: Freeze): JsonObject {
  return { id, operation, scope: { ...scope }, startsAt, endsAt, reason };
}
