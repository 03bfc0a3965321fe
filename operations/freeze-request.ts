import { z } from 'zod';
import type { FieldError } from '../domain/error.ts';
import type { Freeze } from '../domain/freeze.ts';
import { scopeOf, scopePattern } from '../domain/target-schema.ts';
import { withShortForms } from '../domain/target-scope.ts';
import { identifier, words, zonedMoment } from '../domain/text-schema.ts';
import { isoTime } from '../domain/time.ts';
import { checked, givenTwice, invalid } from './checked.ts';
import type { Operations } from './registry.ts';
import { scopeFault } from './scope-fault.ts';

/** The members of a freeze that is declared. A member of the scope that is left out matches any value. */
export const freezeMembers = {
  operation: identifier(100).optional(),
  scope: scopeOf(scopePattern).optional().meta({
    description:
      "A pattern for each member that the target's scope must have; every target where it is empty",
  }),
  regionId: scopePattern.optional().meta({ description: 'Short for regionId of scope' }),
  mqttInstanceId: scopePattern.optional().meta({ description: 'Short for mqttInstanceId of scope' }),
  startsAt: zonedMoment.optional(),
  endsAt: zonedMoment.optional(),
  reason: words(2000),
};

const freezeRequest = z.strictObject(freezeMembers);

/** What a freeze holds, when and why, as it was asked for. */
export type AskedFreeze = Pick<Freeze, 'operation' | 'scope' | 'startsAt' | 'endsAt' | 'reason'>;

/**
 * The freeze that a body asks for: the one rule of whoever takes one up.
 *
 * @param now - milliseconds since the epoch; a freeze without a start begins then
 * @throws CountersignError `invalid_request` naming each field and rule
 */
export function readFreezeRequest(operations: Operations, body: unknown, now: number): AskedFreeze {
  const { operation, scope: named, startsAt, endsAt, reason, ...short } = checked(freezeRequest, body);
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
  return {
    ...{ operation: operation ?? null, scope, reason },
    ...{ startsAt: isoTime(start), endsAt: end === null ? null : isoTime(end) },
  };
}
