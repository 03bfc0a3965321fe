import { asMissingPackage } from '../cli/missing-package.ts';
import { useServicePackages } from '../cli/service-packages.ts';
import { defaultInstallation } from '../domain/installation.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Implementation } from '../operations/implement.ts';
import type { Operation } from '../operations/operation.ts';

/** What is read of the target of a declared operation, as the activity that reads it answers; see docs/operations-file.md. */
export type DeclaredRead = {
  /** The target for people; null: there is none. */
  readonly snapshot: JsonObject | null;
  /** Why it makes the change pointless, or null. */
  readonly refusal: { readonly code: string; readonly message: string } | null;
  /** Whether it is as the call leaves it. */
  readonly achieved: boolean;
  /** The part of the snapshot that the call does not change. */
  readonly identity: JsonObject;
};

/**
 * The operations that a file of declared operations (YAML) has, such as for a {@link testTarget}: what is read of one is
 * `snapshot`, `refusal`, `achieved` and `identity`, as its read activity answers them.
 *
 * @throws CountersignError `invalid_configuration` naming file, line, field and rule of each error, or the package that is
 * missing: reading such a file takes `countersign-service`
 */
export async function declaredOperations(file: string): Promise<Operation<JsonObject, DeclaredRead>[]> {
  const { declaredIn } = await declared();
  return declaredIn(file, defaultInstallation);
}

/** What carries a file's operations out: the workers of their task queues. @throws as {@link declaredOperations} */
export async function declaredImplementations(
  file: string,
  installation: string,
  clock: () => Promise<number>,
): Promise<Implementation[]> {
  const { declaredIn, onTheirQueues } = await declared();
  return onTheirQueues(await declaredIn(file, installation), clock);
}

async function declared() {
  useServicePackages();
  try {
    return await import('./declared.ts');
  } catch (error) {
    throw asMissingPackage(error) ?? error;
  }
}
