import { canonicalJson } from '../domain/canonical-json.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Freeze } from '../domain/freeze.ts';
import type { Person } from '../domain/person.ts';
import { isoTime } from '../domain/time.ts';
import { idempotencyKey as idempotencyKeySchema } from '../operations/change-request.ts';
import { checked } from '../operations/checked.ts';
import { readFreezeRequest } from '../operations/freeze-request.ts';
import type { Operations } from '../operations/registry.ts';
import { freezeSchema } from './schemas.ts';
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
  const asked = readFreezeRequest(operations, body, now);
  const { issuer, subject, name } = person;
  return {
    id: changeIdOf(person, idempotencyKey),
    ...asked,
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
