import type { EntryBody } from '../../domain/entry.ts';
import type { ChangeRecord } from './change-record.ts';
import { isBundledRequest } from '../../operations/bundled-targets.ts';
import { objectOf, stringOf } from './fields.ts';
import type { LogFacts } from './log-facts.ts';
import type { Report } from './problem.ts';

/**
 * The service of the bundled operations gives each RequestId once. Only where it takes the change's id as an idempotency key may it
 * answer another attempt of that change as it did before. An empty one is none. What other services promise is not known: see
 * {@link ../exceptions/repeated-request-ids.ts}.
 */
export function judgeRequestId(
  { requestIds }: LogFacts,
  { change }: ChangeRecord,
  body: EntryBody,
  report: Report,
): void {
  const requestId = stringOf(objectOf(body.attempt).requestId);
  if (requestId === null || requestId === '' || !isBundledRequest(change)) return;
  if (requestIds.isOfAnother(requestId, change.id))
    report('request_id_repeated', `a call of another change has answered with RequestId ${requestId}, too`);
}

/** The same Idempotency-Key of one person never means another change. */
export function judgeIdempotencyKey(
  { idempotencyKeys }: LogFacts,
  { change: { id, requester } }: ChangeRecord,
  body: EntryBody,
  report: Report,
): void {
  const key = stringOf(objectOf(body['idempotency']).key);
  if (key === null) return;
  const name = JSON.stringify([requester.issuer, requester.subject, key]);
  if (idempotencyKeys.isOfAnother(name, id))
    report('idempotency_key_repeated', 'its requester has asked for another change with the same key');
}
