import type { TestProject } from 'vitest/node';
import type { DatabaseUrls } from '../../embedded/bootstrap-database.ts';
import { startStack } from './stack.ts';

declare module 'vitest' {
  /** What `inject(…)` answers in tests: the servers that the whole run shares. */
  export interface ProvidedContext {
    /** URL of the database `postgres` as the superuser. */
    superuserUrl: string;
    /** URL per process of the empty database `countersign`, to take passwords from. */
    databaseUrls: DatabaseUrls;
    /** host:port of Temporal's frontend; namespace `default`, the search attributes registered. */
    temporalAddress: string;
  }
}

/** Starts the shared servers before the run and stops them after it; killed, the run takes them along (see child.ts). */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = await startStack(process.env);
  project.provide('superuserUrl', stack.superuserUrl);
  project.provide('databaseUrls', stack.databaseUrls);
  project.provide('temporalAddress', stack.temporalAddress);
  return () => stack.stop();
}
