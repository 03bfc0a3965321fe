import type { Freeze } from '../domain/freeze.ts';
import type { Queryable } from './queryable.ts';

/**
 * Keeps a freeze that a person has declared. Waits for a concurrent transaction that keeps one of the same id.
 *
 * @returns false when there is one of this id, whatever it holds
 */
export async function insertFreeze(db: Queryable, freeze: Freeze): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into countersign.freeze
       (id, operation, scope, starts_at, ends_at, reason, declared_by, declared_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (id) do nothing`,
    [
      freeze.id,
      freeze.operation,
      freeze.scope,
      freeze.startsAt,
      freeze.endsAt,
      freeze.reason,
      freeze.declaredBy,
      freeze.declaredAt,
    ],
  );
  return rowCount === 1;
}
