import { byDeclaration } from '../activities/declared-driver.ts';
import { readOperationsFile } from '../cli/operations-file.ts';
import { isDeclared } from '../declarations/declared-operation.ts';
import type { DeclaredOperation } from '../declarations/declared-operation.ts';
import { plainEncoding } from '../domain/answer-encoding.ts';
import { bundledOperations } from '../operations/bundled.ts';
import type { DriverContext, Implementation } from '../operations/implement.ts';

/**
 * The operations that a YAML file declares.
 *
 * @param installation - whose task queues no worker of theirs may have
 * @throws CountersignError `invalid_configuration` naming file, line, field and rule of each error
 */
export async function declaredIn(file: string, installation: string): Promise<DeclaredOperation[]> {
  const operations = await readOperationsFile(file, bundledOperations, installation);
  return operations.filter((operation) => isDeclared(operation));
}

/**
 * Has them carried out by the workers of their task queues, as a service does.
 *
 * @param clock - the time of Temporal's server, which may be days ahead of this process; ms since the epoch
 */
export function onTheirQueues(
  operations: readonly DeclaredOperation[],
  clock: () => Promise<number>,
): Implementation[] {
  let aheadMs = 0;
  const onItsClock = async (context: DriverContext): Promise<DriverContext> => {
    aheadMs = (await clock()) - Date.now();
    return { ...context, notAfter: context.notAfter + aheadMs };
  };
  return operations.map((operation) => {
    const implementation = byDeclaration(operation, plainEncoding, () => Date.now() + aheadMs);
    return {
      ...implementation,
      read: async (input, context) => implementation.read(input, await onItsClock(context)),
      prepare: async (input, context) => implementation.prepare(input, await onItsClock(context)),
    };
  });
}
