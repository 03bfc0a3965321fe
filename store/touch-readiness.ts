import type { Queryable } from './queryable.ts';

/** Longest time for the write, ms: a server that takes longer is not ready. */
const withinMs = 3_000;

/** Writes the one row of countersign.readiness. An error means that Postgres takes no writes now. */
export async function touchReadiness(db: Queryable): Promise<void> {
  await db.query({
    text: 'update countersign.readiness set at = clock_timestamp()',
    ...{ query_timeout: withinMs },
  });
}
