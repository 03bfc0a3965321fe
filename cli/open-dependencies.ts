import { readEnvironment } from './environment.ts';
import { makeLog } from './process.ts';
import { workerDependencies } from './worker-dependencies.ts';
import type { WorkerDependencies } from './worker-dependencies.ts';

export type { WorkerDependencies } from './worker-dependencies.ts';

/**
 * For a process of yours that runs changes: what CountersignPlugin works with, from the variables of `countersign worker`
 * (docs/configuration.md).
 *
 * @param variables - such as `process.env`
 * @throws CountersignError `invalid_configuration` naming the variable and the rule
 */
export function openDependencies(variables: NodeJS.ProcessEnv): Promise<WorkerDependencies> {
  const env = readEnvironment(variables);
  return workerDependencies(env, makeLog('worker', env));
}
