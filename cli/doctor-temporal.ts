import { searchAttributes } from '../domain/search-attributes.ts';
import type { Finding } from './finding.ts';
import { namespaceSteps } from './namespace-steps.ts';
import { askTemporal } from './temporal.ts';
import { temporalFault } from './temporal-fault.ts';
import { readNamespace } from './temporal-namespace.ts';

const withinMs = 5000;

/** Whether Temporal answers, has the namespace, and has the search attributes there. Reads, and makes nothing. */
export async function examineTemporal(): Promise<Finding[]> {
  const name = 'Temporal';
  let asked: ReturnType<typeof askTemporal>;
  try {
    asked = askTemporal();
  } catch (error) {
    return [
      {
        name,
        ok: false,
        found: (error as Error).message,
        remedy: "correct Temporal's variables or its file",
      },
    ];
  }
  const { connection, address, namespace } = asked;
  try {
    return await connection.withDeadline(Date.now() + withinMs, async () => {
      const { serverVersion } = await connection.workflowService.getSystemInfo({});
      await connection.workflowService.describeNamespace({ namespace });
      const there = { name, ok: true, found: `${serverVersion}, namespace ${namespace}`, remedy: '' };
      return [there, await attributesFinding(connection, { address, namespace })];
    });
  } catch (error) {
    return [{ name, ok: false, ...temporalFault(error, { address, namespace }) }];
  } finally {
    await connection.close();
  }
}

async function attributesFinding(
  connection: ReturnType<typeof askTemporal>['connection'],
  place: { address: string; namespace: string },
): Promise<Finding> {
  const name = 'Search attributes';
  const found = await readNamespace(connection, place.namespace).catch((error: unknown) => ({
    name,
    ok: false,
    ...temporalFault(error, place),
  }));
  if ('name' in found) return found;
  const steps = namespaceSteps(found);
  if (steps.length === 0)
    return { name, ok: true, found: `all ${Object.keys(searchAttributes).length} are there`, remedy: '' };
  const told = steps.map((step) => {
    if (step.kind === 'namespace') return place.namespace;
    return step.kind === 'attribute'
      ? `${step.name} is missing`
      : `${step.name} is ${step.found}, not ${step.type}`;
  });
  return {
    name,
    ok: false,
    found: told.join(', '),
    remedy: 'countersign temporal setup, or with --print the commands',
  };
}
