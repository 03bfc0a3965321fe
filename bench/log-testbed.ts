import { join } from 'node:path';
import type pg from 'pg';
import { bootstrapDatabase } from '../embedded/bootstrap-database.ts';
import type { DatabaseUrls } from '../embedded/bootstrap-database.ts';
import { startPostgres } from '../embedded/postgres.ts';
import { migrate } from '../store/migrate.ts';
import { makePool } from '../store/pool.ts';
import { removeHome, temporaryHome } from './testbed.ts';

/** A Postgres for logs alone. */
export interface LogTestbed {
  readonly home: string;
  readonly postgresPid: number;
  /** A migrated database of its own. `name`: lower-case letters. */
  database(name: string): Promise<LogDatabase>;
  stop(): Promise<void>;
}

/** A log with the pools of who works on it. */
export interface LogDatabase {
  readonly urls: DatabaseUrls;
  readonly migrator: pg.Pool;
  readonly worker: pg.Pool;
  readonly signer: pg.Pool;
  readonly reader: pg.Pool;
  close(): Promise<void>;
}

/** Starts it with an empty cluster. */
export async function startLogTestbed(): Promise<LogTestbed> {
  const home = await temporaryHome(false);
  const postgres = await startPostgres({ dataDir: join(home, 'postgres') });
  const databases: LogDatabase[] = [];
  return {
    home,
    postgresPid: postgres.pid,
    async database(name) {
      const urls = await bootstrapDatabase({
        superuserUrl: postgres.superuserUrl,
        passwordFile: join(home, 'database-logins.json'),
        database: `countersign_${name}`,
      });
      await migrate({ databaseUrl: urls.migrator });
      const pool = (role: keyof DatabaseUrls, max: number): pg.Pool =>
        makePool({ connectionString: urls[role], applicationName: 'bench', max });
      const pools = {
        migrator: pool('migrator', 40),
        worker: pool('worker', 40),
        signer: pool('signer', 4),
        reader: pool('reader', 4),
      };
      const database = {
        urls,
        ...pools,
        close: async () => {
          await Promise.all(Object.values(pools).map((p) => p.end()));
        },
      };
      databases.push(database);
      return database;
    },
    async stop() {
      await Promise.all(databases.map((database) => database.close()));
      await postgres.stop();
      await removeHome(home);
    },
  };
}
