import { createHash, randomUUID } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { ChangeRequest, JsonObject, PinnedPolicy } from '../domain/change.ts';
import { CountersignError } from '../domain/error.ts';
import type { FieldError } from '../domain/error.ts';
import type { Person, PersonId } from '../domain/person.ts';
import { isoTime } from '../domain/time.ts';
import { operationOf } from '../operations/registry.ts';
import { checked, idempotencyKeySchema, invalid, submissionSchema } from './schemas.ts';

const day = 86_400_000;

/**
 * The change id of a person's key: the same for each repeat, so that racing requests meet in one workflow. A UUID of
 * version 8 (RFC 9562 §5.8) out of SHA-256.
 */
export function changeIdOf(person: PersonId, key: string | null): string {
  if (key === null) return randomUUID();
  const hash = createHash('sha256')
    .update(JSON.stringify([person.issuer, person.subject, key]))
    .digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/** What was sent to `POST /v1/changes`, and by whom. */
export interface Submitted {
  readonly body: unknown;
  readonly key: string | string[] | undefined;
  readonly person: Person;
  readonly source: string | null;
  readonly policy: PinnedPolicy;
  readonly now: number;
}

/**
 * A checked and completed request.
 * @throws CountersignError `invalid_request` naming each field and rule; `forbidden` for a break-glass that no policy allows
 */
export function readSubmission({ body, key, person, source, policy, now }: Submitted): ChangeRequest {
  const idempotencyKey = key === undefined ? null : checked(idempotencyKeySchema, key, 'Idempotency-Key');
  const asked = checked(submissionSchema, body);
  const operation = operationOf(asked.operation);
  if (!operation) {
    throw invalid([
      { field: 'operation', rule: 'one_of', message: 'not a gated operation; see GET /v1/operations' },
    ]);
  }
  const input = checked(operation.input, asked.input, 'input');
  const time = (value: string | undefined) => (value === undefined ? null : isoTime(Date.parse(value)));
  const decideBy = time(asked.decideBy) ?? isoTime(now + 7 * day);
  const executeAfter = time(asked.executeAfter);
  const executeBy = time(asked.executeBy);
  const errors = clockErrors({ decideBy, executeAfter, executeBy }, now);
  if (errors.length > 0) throw invalid(errors);
  if (asked.breakGlass === true) {
    throw new CountersignError('forbidden', `policy ${policy.name} allows no break-glass`);
  }
  return {
    id: changeIdOf(person, idempotencyKey),
    operation: operation.name,
    input,
    target: operation.target(input),
    requester: person,
    justification: asked.justification,
    ticket: asked.ticket
      ? { system: asked.ticket.system, id: asked.ticket.id, url: asked.ticket.url ?? null }
      : null,
    breakGlass: false,
    policy,
    submittedAt: isoTime(now),
    decideBy,
    executeAfter,
    executeBy,
    executeWithinMs: day,
    idempotency:
      idempotencyKey === null ? null : { key: idempotencyKey, bodyDigest: digestOfBody(body as JsonObject) },
    source,
  };
}

function digestOfBody(body: JsonObject): string {
  return createHash('sha256').update(canonicalJson(body)).digest('hex');
}

function clockErrors(
  clocks: { decideBy: string; executeAfter: string | null; executeBy: string | null },
  now: number,
): FieldError[] {
  const errors: FieldError[] = [];
  const { decideBy, executeAfter, executeBy } = clocks;
  for (const [field, value] of [
    ['decideBy', decideBy],
    ['executeBy', executeBy],
  ] as const) {
    if (value !== null && Date.parse(value) <= now)
      errors.push({ field, rule: 'future', message: 'must be in the future' });
  }
  if (Date.parse(decideBy) > now + 366 * day) {
    errors.push({ field: 'decideBy', rule: 'maximum', message: 'at most 366 days from now' });
  }
  if (executeAfter !== null && executeBy !== null && executeAfter >= executeBy) {
    errors.push({ field: 'executeAfter', rule: 'before', message: 'must be before executeBy' });
  }
  return errors;
}
