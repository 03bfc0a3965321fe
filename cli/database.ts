import type { ClientBase, Pool } from 'pg';
import type { Logger } from 'pino';
import { checkServer } from '../audit/check-server.ts';
import { CountersignError } from '../domain/error.ts';
import type { Owner } from '../domain/installation.ts';
import { checkPooling } from '../store/check-pooling.ts';
import { claimDatabase } from '../store/claim-database.ts';
import { makePool } from '../store/pool.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';

/** Options of {@link openDatabase}. */
export interface DatabaseOptions {
  /** The process, as Postgres shows it: `countersign <name>`. */
  readonly name: string;
  /** Most connections, at least two. */
  readonly max: number;
  /** Whose the database has to be, for a process that asks Temporal; the first one makes it so. */
  readonly owner?: Owner;
  /** See {@link claimDatabase}. Until it lets a database that is nobody's be taken, that one is waited for. */
  readonly mayClaim?: () => Promise<void>;
}

/**
 * A process's database. Refuses one whose log could lose or change entries, a pooler that keeps no sessions, and one of another
 * installation; one that cannot be reached now is no reason: until it is, nothing is written and so nothing is called.
 *
 * @throws CountersignError `invalid_configuration`
 */
export async function openDatabase(
  env: Environment,
  log: Logger,
  { name, max, owner, mayClaim }: DatabaseOptions,
): Promise<Pool> {
  let isOpen = false as boolean;
  const pool = makePool({
    connectionString: required(env, 'DATABASE_URL'),
    applicationName: `countersign ${name}`,
    max,
    ...(owner === undefined
      ? {}
      : { prepare: (client) => claimed(client, owner, mayClaim, { isOpen: () => isOpen, log }) }),
    onError: (err) => log.warn({ err }, 'a database connection was lost'),
  });
  try {
    await checkServer(pool);
    await checkPooling(pool);
  } catch (error) {
    if (error instanceof CountersignError && error.code !== 'log_unavailable') throw error;
    log.warn({ err: error as Error }, 'the database cannot be checked yet');
  }
  isOpen = true;
  return pool;
}

/**
 * Once a process runs, a database of another installation, or without the schema, is one in the middle of a restore or of a
 * failover: it is waited for like one that is away. What is under way does not end by it. So is one that is nobody's while
 * Temporal does not say whether it has the namespace.
 */
async function claimed(
  client: ClientBase,
  owner: Owner,
  mayClaim: DatabaseOptions['mayClaim'],
  { isOpen, log }: { readonly isOpen: () => boolean; readonly log: Logger },
): Promise<void> {
  try {
    await claimDatabase(client, owner, mayClaim);
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    if (error.code === 'invalid_configuration' && !isOpen()) throw error;
    log.error({ err: error }, 'a database that is not ours is not used');
    throw new CountersignError('log_unavailable', error.message, { cause: error });
  }
}
