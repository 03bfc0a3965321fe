import type pg from 'pg';
import type { Pool, QueryConfig } from 'pg';

/** A pool that also asks for the plan of what is read, and adds up the blocks that each read. */
export function countingPool(of: pg.Pool): { readonly pool: Pool; readonly blocks: () => number } {
  let sum = 0;
  const pool = {
    async query(query: QueryConfig) {
      const client = await pool.connect();
      try {
        return await client.query(query);
      } finally {
        client.release(false);
      }
    },
    async connect() {
      const client = await of.connect();
      return {
        async query(query: string | QueryConfig) {
          if (typeof query === 'string') return await client.query(query);
          const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
            `explain (analyze, buffers, format json) ${query.text}`,
            query.values,
          );
          const plan = rows[0]?.['QUERY PLAN'][0].Plan;
          sum += (plan?.['Shared Hit Blocks'] ?? NaN) + (plan?.['Shared Read Blocks'] ?? NaN);
          return await client.query(query.text, query.values);
        },
        release: (destroy: boolean) => {
          client.release(destroy);
        },
      };
    },
  };
  return { pool: pool as unknown as Pool, blocks: () => sum };
}
