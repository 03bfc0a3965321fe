import type { Connection } from '@temporalio/client';
import { grpcStatusOf } from '../domain/grpc-status.ts';
import { searchAttributes, searchAttributesQuery } from '../domain/search-attributes.ts';
import { namespaceSteps } from './namespace-steps.ts';
import type { NamespaceFound, NamespaceStep } from './namespace-steps.ts';

/** Names that Temporal's command line has for `temporal.api.enums.v1.IndexedValueType`, by its numbers. */
const typeNames = ['Unspecified', 'Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'];
const secondsOfDay = 86_400;

/**
 * What the namespace has. A login that may not list attributes sees only whether the namespace and all of them are there; where
 * one is not, none is taken for one that is there.
 *
 * @throws what Temporal's client throws
 */
export async function readNamespace(connection: Connection, namespace: string): Promise<NamespaceFound> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const typed = Object.entries(customAttributes).map(([name, type]) => [
      name,
      typeNames[type] ?? String(type),
    ]);
    return { exists: true, attributes: Object.fromEntries(typed) as Record<string, string> };
  } catch (error) {
    const status = grpcStatusOf(error);
    if (status === 'NOT_FOUND') return { exists: false, attributes: {} };
    if (status !== 'PERMISSION_DENIED' && status !== 'UNIMPLEMENTED') throw error;
    return readByQuery(connection, namespace);
  }
}

async function readByQuery(connection: Connection, namespace: string): Promise<NamespaceFound> {
  try {
    const hasAll = await knowsAttributes(connection, namespace);
    return { exists: true, attributes: hasAll ? searchAttributes : {} };
  } catch (error) {
    if (grpcStatusOf(error) === 'NOT_FOUND') return { exists: false, attributes: {} };
    throw error;
  }
}

/** Whether the namespace takes search attributes of ours in a query; all of them where none is named. */
export async function knowsAttributes(
  { workflowService }: Connection,
  namespace: string,
  names?: readonly string[],
): Promise<boolean> {
  try {
    await workflowService.countWorkflowExecutions({ namespace, query: searchAttributesQuery(names) });
    return true;
  } catch (error) {
    if (grpcStatusOf(error) === 'INVALID_ARGUMENT') return false;
    throw error;
  }
}

/**
 * Makes the namespace.
 *
 * @param retentionDays - how long Temporal keeps workflows that have ended
 * @returns false where somebody else has made it by then
 */
export async function makeNamespace(
  connection: Connection,
  namespace: string,
  retentionDays: number,
): Promise<boolean> {
  const retention = { seconds: retentionDays * secondsOfDay } as never;
  return unlessThere(() =>
    connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: retention }),
  );
}

/** Adds the missing search attributes. Temporal leaves those that are there as they are, of whatever type. */
export async function addAttributes(
  { operatorService }: Connection,
  namespace: string,
  steps: readonly NamespaceStep[],
): Promise<void> {
  const missing = steps.filter((step) => step.kind === 'attribute');
  if (missing.length === 0) return;
  await unlessThere(() =>
    operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map(({ name, type }) => [name, typeNames.indexOf(type)])),
    }),
  );
}

/** @returns whether it was made now; false where it is there already */
async function unlessThere(make: () => Promise<unknown>): Promise<boolean> {
  try {
    await make();
    return true;
  } catch (error) {
    if (grpcStatusOf(error) === 'ALREADY_EXISTS') return false;
    throw error;
  }
}

/**
 * Registers the search attributes that are missing; where the server allows that to nobody but its operators, they did.
 *
 * @throws what Temporal's client throws; an attribute of another type is told by what uses it
 */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const steps = namespaceSteps(await readNamespace(connection, namespace));
  await addAttributes(connection, namespace, steps);
}
