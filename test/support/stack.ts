import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrapDatabase } from '../../embedded/bootstrap-database.ts';
import type { DatabaseUrls } from '../../embedded/bootstrap-database.ts';
import { startPostgres } from '../../embedded/postgres.ts';
import { startTemporal } from '../../embedded/temporal.ts';

/** Downloads live here, as they do for `npm start`; data never does. */
export const PROJECT_HOME = join(import.meta.dirname, '..', '..', '.countersign');

/** The search attributes of design.md. */
export const SEARCH_ATTRIBUTES = {
  CountersignOperation: 'Keyword',
  CountersignTarget: 'Keyword',
  CountersignDecision: 'Keyword',
  CountersignExecution: 'Keyword',
} as const;

/** The servers that a test run shares. */
export interface Stack {
  superuserUrl: string;
  databaseUrls: DatabaseUrls;
  temporalAddress: string;
  /** Stops them and removes their data. */
  stop(): Promise<void>;
}

/** A folder under the system's temporary one that the OS user `postgres` may enter. */
export async function temporaryHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'countersign-test-'));
  await chmod(home, 0o711);
  return home;
}

/** Starts one Postgres and one Temporal on free ports, on fresh data that ends with them. */
export async function startStack(env: NodeJS.ProcessEnv): Promise<Stack> {
  const home = await temporaryHome();
  const [postgres, temporal] = await Promise.allSettled([
    startPostgres({
      dataDir: join(home, 'postgres'),
      // Template databases are cloned by the dozen: file copies without a checkpoint's wait are faster.
      settings: { max_wal_size: '2GB', checkpoint_timeout: '30min' },
    }),
    startTemporal({ home: PROJECT_HOME, env, searchAttributes: SEARCH_ATTRIBUTES }),
  ]);
  const stop = async (): Promise<void> => {
    await Promise.all([postgres, temporal].map((part) => stopped(part)));
    await rm(home, { recursive: true, force: true });
  };
  if (postgres.status === 'rejected' || temporal.status === 'rejected') {
    await stop();
    const reasons = [postgres, temporal].flatMap((part) =>
      part.status === 'rejected' ? [part.reason as Error] : [],
    );
    throw new AggregateError(
      reasons,
      `The servers that the tests need did not start. ${reasons.map((reason) => reason.message).join(' ')}`,
    );
  }
  const databaseUrls = await bootstrapDatabase({
    superuserUrl: postgres.value.superuserUrl,
    passwordFile: join(home, 'database-logins.json'),
  });
  return {
    superuserUrl: postgres.value.superuserUrl,
    databaseUrls,
    temporalAddress: temporal.value.address,
    stop,
  };
}

async function stopped(part: PromiseSettledResult<{ stop(): Promise<void> }>): Promise<void> {
  if (part.status === 'fulfilled') await part.value.stop();
}
