import { readEnvironment } from './environment.ts';
import { asMissingPackage } from './missing-package.ts';
import type { WorkerDependencies } from './opened-dependencies.ts';
import { useServicePackages } from './service-packages.ts';

export type { WorkerDependencies } from './opened-dependencies.ts';

/**
 * For a process of yours that runs changes: what CountersignPlugin works with, from the variables of `countersign worker`
 * (docs/configuration.md). `TEMPORAL_NAMESPACE` has to name the namespace of its workers: the database belongs to it.
 *
 * @param variables - such as `process.env`
 * @throws CountersignError `invalid_configuration` naming the variable and the rule, or the package that is missing:
 * running changes takes `countersign-service`
 */
export async function openDependencies(variables: NodeJS.ProcessEnv): Promise<WorkerDependencies> {
  const env = readEnvironment(variables);
  const { makeLog, temporalConfig, workerDependencies } = await service();
  return workerDependencies(
    env,
    makeLog('worker', env),
    {},
    {
      namespace: temporalConfig(variables).namespace,
    },
  );
}

async function service() {
  useServicePackages();
  try {
    const [{ makeLog }, { temporalConfig }, { workerDependencies }] = await Promise.all([
      import('./process.ts'),
      import('./temporal.ts'),
      import('./worker-dependencies.ts'),
    ]);
    return { makeLog, temporalConfig, workerDependencies };
  } catch (error) {
    throw asMissingPackage(error) ?? error;
  }
}
