import type { Queryable } from './queryable.ts';

/** A requester's Idempotency-Key and what it stands for. */
export interface KeyRecord {
  readonly issuer: string;
  readonly subject: string;
  readonly key: string;
  readonly changeId: string;
  /** SHA-256 of the request's body, lower-case hex. */
  readonly bodyDigest: string;
}

/**
 * Takes a key for a change. Waits for a concurrent transaction that is taking the same key.
 *
 * @returns false when the key is taken, whoever took it
 */
export async function insertIdempotencyKey(db: Queryable, record: KeyRecord): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'insert-idempotency-key',
    text: `insert into countersign.idempotency_key (issuer, subject, key, change_id, body_digest)
     values ($1, $2, $3, $4, $5)
     on conflict (issuer, subject, key) do nothing`,
    values: [record.issuer, record.subject, record.key, record.changeId, record.bodyDigest],
  });
  return rowCount === 1;
}
