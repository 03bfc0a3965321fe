import type { ActivityDependencies } from '../activities/dependencies.ts';

/** The dependencies of a worker's activities. */
export interface WorkerDependencies {
  readonly dependencies: ActivityDependencies;
  /** Closes the connections, once the workers have ended. */
  close(): Promise<void>;
}
