import type { Freeze } from '../domain/freeze.ts';

/** The columns of `countersign.freeze` under the names of {@link Freeze}. */
export const freezeColumns = `
  id, operation, scope, starts_at as "startsAt",
  ends_at as "endsAt", reason, declared_by as "declaredBy", declared_at as "declaredAt",
  lifted_by as "liftedBy", lifted_at as "liftedAt"`;

/** A row of {@link freezeColumns}: as a freeze, but for the times. */
export interface FreezeRow extends Omit<Freeze, 'startsAt' | 'endsAt' | 'declaredAt' | 'liftedAt'> {
  readonly startsAt: Date;
  readonly endsAt: Date | null;
  readonly declaredAt: Date;
  readonly liftedAt: Date | null;
}

/** The row as a freeze. */
export function freezeOf(row: FreezeRow): Freeze {
  return {
    ...row,
    startsAt: row.startsAt.toISOString(),
    endsAt: row.endsAt?.toISOString() ?? null,
    declaredAt: row.declaredAt.toISOString(),
    liftedAt: row.liftedAt?.toISOString() ?? null,
  };
}
