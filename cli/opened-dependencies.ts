import type { ActivityDependencies } from '../activities/dependencies.ts';
import type { PayloadOptions } from '../codec/data-converter.ts';

/** The dependencies of a worker's activities. */
export interface WorkerDependencies {
  readonly dependencies: ActivityDependencies;
  /** How the worker stores payloads in Temporal, and which it reads. */
  readonly payloads: PayloadOptions;
  /** Closes the connections, once the workers have ended. */
  close(): Promise<void>;
}
