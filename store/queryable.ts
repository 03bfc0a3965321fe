import type { Pool, PoolClient } from 'pg';

/** What a statement runs on: a pool, or the client of a transaction. */
export type Queryable = Pick<Pool, 'query'> | Pick<PoolClient, 'query'>;
