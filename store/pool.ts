import pg from 'pg';
import { prepareSession } from './session-settings.ts';

/** Options of {@link makePool}. */
export interface PoolOptions {
  /** URL of the database with the login role of this process. */
  readonly connectionString: string;
  /** Shown in pg_stat_activity, such as `countersign api`. */
  readonly applicationName: string;
  /** Most connections; default 10. */
  readonly max?: number;
  /** Called for each new connection, which is not used where it throws. */
  readonly prepare?: (client: pg.ClientBase) => Promise<void>;
  /** Told of each idle connection that was lost; the pool replaces it. */
  readonly onError?: (error: Error) => void;
}

/**
 * A pool that waits for nothing without end: 5 s for a connection, 10 s for a lock, 30 s for a statement (35 s on this
 * side, for a server that does not answer at all) and 60 s for a transaction that does nothing.
 *
 * The server's limits and every other setting that statements rely on ({@link sessionSettings}) are set once a connection is
 * there, and read back: a pooler refuses them as parameters of the start, or ignores them.
 */
export function makePool(options: PoolOptions): pg.Pool {
  // The pool awaits it, whatever its type says.
  const onConnect: (client: pg.ClientBase) => unknown = async (client) => {
    await prepareSession(client);
    await options.prepare?.(client);
  };
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    application_name: options.applicationName,
    max: options.max ?? 10,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    query_timeout: 35_000,
    onConnect,
  });
  // Without a listener the loss of an idle connection would end the process.
  pool.on('error', (error) => options.onError?.(error));
  return pool;
}
