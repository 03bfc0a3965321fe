import { activityInfo, getClient } from '@temporalio/activity';
import { CountersignError } from '../domain/error.ts';
import { grpcStatusOf } from '../domain/grpc-status.ts';
import { searchAttributes, searchAttributesQuery } from '../domain/search-attributes.ts';

/** Namespaces that were found to have the attributes, which are hardly ever removed. */
const complete = new Set<string>();

/**
 * The namespace of this activity knows our search attributes. A workflow that sets one that is not there does not fail: its
 * task is tried for ever.
 *
 * @throws CountersignError `invalid_configuration`
 */
export async function assertAttributes(): Promise<void> {
  const { namespace } = activityInfo();
  if (complete.has(namespace)) return;
  // Whoever may run workflows may count them; listing attributes is a right of its own.
  const query = searchAttributesQuery();
  try {
    await getClient().workflowService.countWorkflowExecutions({ namespace, query });
  } catch (error) {
    const status = grpcStatusOf(error);
    // Temporal's test server knows no counting; then nobody is warned.
    if (status === 'UNIMPLEMENTED') return;
    if (status !== 'INVALID_ARGUMENT') throw error;
    throw new CountersignError(
      'invalid_configuration',
      `namespace ${namespace} does not have the search attributes ${Object.keys(searchAttributes).join(', ')}: ${(error as Error).message}`,
    );
  }
  complete.add(namespace);
}
