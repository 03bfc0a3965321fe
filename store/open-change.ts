import type { PoolClient } from 'pg';
import type { Change, ChangeRequest } from '../domain/change.ts';
import { answerableFor } from '../domain/person.ts';
import { ticketRuleOf } from '../domain/ticket-gate.ts';
import { findBreakGlass } from './find-break-glass.ts';
import { getIdempotencyKey } from './get-idempotency-key.ts';
import { getOpenChange } from './get-open-change.ts';
import { insertBreakGlass } from './insert-break-glass.ts';
import { insertChange } from './insert-change.ts';
import { insertIdempotencyKey } from './insert-idempotency-key.ts';
import { insertOpenTarget } from './insert-open-target.ts';
import { takeOpenTicket } from './take-open-ticket.ts';

/** What became of a request. In all but `opened`, `changeId` is another change's and nothing was written. */
export type OpenResult =
  | { readonly kind: 'opened' }
  /** The same person, key and body made that change before. */
  | { readonly kind: 'known'; readonly changeId: string }
  /** The same person used the key for that change with another body. */
  | { readonly kind: 'key_reused'; readonly changeId: string }
  /** The requester of this break-glass change has that earlier one, which is open or owes its review. */
  | { readonly kind: 'review_owed'; readonly changeId: string }
  /** That change is open on the same target. */
  | { readonly kind: 'target_taken'; readonly changeId: string }
  /** That change is open under the same ticket, and this one's policy asks for one. */
  | { readonly kind: 'ticket_taken'; readonly changeId: string };

/**
 * Takes the requester's key, their one break-glass, the target and the ticket, and keeps the change: the part of `change.requested` that is not the log.
 * Unique rows decide a race; the loser waits for the winner's commit. The same change again is `opened`, whatever has
 * become of it since.
 *
 * @param client - in a transaction, the one that also appends `change.requested`
 */
export async function openChange(
  client: PoolClient,
  opening: { readonly change: Change; readonly idempotency: ChangeRequest['idempotency'] },
): Promise<OpenResult> {
  const { change, idempotency } = opening;
  // What a refused request has written is taken back, without the caller's own writes.
  await client.query('SAVEPOINT open_change');
  const result = await take(client, change, idempotency);
  if (result.kind !== 'opened') await client.query('ROLLBACK TO SAVEPOINT open_change');
  await client.query('RELEASE SAVEPOINT open_change');
  return result;
}

async function take(
  client: PoolClient,
  change: Change,
  idempotency: ChangeRequest['idempotency'],
): Promise<OpenResult> {
  if (!(await insertChange(client, change))) return { kind: 'opened' };
  // The key before the target: a repeated request is told of its own change, not that the target is taken by it.
  if (idempotency !== null) {
    const { issuer, subject } = change.requester;
    const id = { issuer, subject, key: idempotency.key };
    const { bodyDigest } = idempotency;
    if (!(await insertIdempotencyKey(client, { ...id, changeId: change.id, bodyDigest }))) {
      const taken = await getIdempotencyKey(client, id);
      if (taken === null) throw new Error(`idempotency key ${idempotency.key} was there and is gone`);
      return { kind: taken.bodyDigest === bodyDigest ? 'known' : 'key_reused', changeId: taken.changeId };
    }
  }
  const { target, id: changeId } = change;
  // One that has ended, as a restore may bring it, breaks nothing any more.
  if (change.breakGlass && change.closedAt === null) {
    const person = answerableFor(change.requester);
    while (!(await insertBreakGlass(client, person, changeId))) {
      const broken = await findBreakGlass(client, person);
      // Null: released between the two statements, so they may again.
      if (broken !== null) return { kind: 'review_owed', changeId: broken };
    }
  }
  while (!(await insertOpenTarget(client, { targetId: target.id, changeId }))) {
    const holder = await getOpenChange(client, target.id);
    // Null: released between the two statements, so it is free now.
    if (holder !== null) return { kind: 'target_taken', changeId: holder };
  }
  const { ticket } = change;
  if (ticket !== null && ticketRuleOf(change) !== null) {
    const holder = await takeOpenTicket(client, { system: ticket.system, ticket: ticket.id, changeId });
    if (holder !== null) return { kind: 'ticket_taken', changeId: holder };
  }
  return { kind: 'opened' };
}
