import { join } from 'node:path';
import { bootstrapDatabase } from '../../embedded/bootstrap-database.ts';
import { startPostgres } from '../../embedded/postgres.ts';
import { migrate } from '../../store/migrate.ts';
import type { TestDatabase } from './database.ts';

/** A Postgres of a test's own in a folder, with a migrated database, which the test may kill or let fail. */
export async function ownDatabase(home: string, settings: Record<string, string> = {}) {
  const up = (port?: number) =>
    startPostgres({ dataDir: join(home, 'postgres'), settings, ...(port === undefined ? {} : { port }) });
  let server = await up();
  const { superuserUrl, port } = server;
  const urls = await bootstrapDatabase({ superuserUrl, passwordFile: join(home, 'logins.json') });
  await migrate({ databaseUrl: urls.migrator });
  const ofSuperuser = new URL(superuserUrl);
  ofSuperuser.pathname = '/countersign';
  const database: TestDatabase = {
    name: 'countersign',
    url: (role) => (role === 'superuser' ? ofSuperuser.href : urls[role]),
    // Gone with its server.
    drop: () => Promise.resolve(),
  };
  return {
    database,
    /** Resolves once the server has ended, however. */
    exited: () => server.exited,
    async kill(): Promise<void> {
      server.kill('SIGKILL');
      await server.exited;
    },
    /** Starts it again where it was. */
    async start(): Promise<void> {
      server = await up(port);
    },
    stop: () => server.stop(),
  };
}
