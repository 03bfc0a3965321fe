import { CountersignError } from '../domain/error.ts';
import { grpcStatusOf } from '../domain/grpc-status.ts';
import { askTemporal } from './temporal.ts';
import { temporalFault } from './temporal-fault.ts';

/** Shorter than a new database connection may take. */
const withinMs = 3_000;

/**
 * Asks Temporal whether it has the namespace.
 *
 * @throws CountersignError, whose message names the variable: `invalid_configuration` where Temporal does not have it,
 * `engine_unavailable` where it does not answer, `engine_denied` where it does not say
 */
export async function assertNamespace(): Promise<void> {
  const { connection, address, namespace } = askTemporal();
  try {
    await connection.withDeadline(Date.now() + withinMs, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
  } catch (cause) {
    const { found, remedy } = temporalFault(cause, { address, namespace });
    throw new CountersignError(...wrong(grpcStatusOf(cause), `${found}; ${remedy}`), { cause });
  } finally {
    await connection.close();
  }
}

function wrong(
  status: ReturnType<typeof grpcStatusOf>,
  text: string,
): ['invalid_configuration' | 'engine_denied' | 'engine_unavailable', string] {
  switch (status) {
    case 'NOT_FOUND':
      return ['invalid_configuration', `TEMPORAL_NAMESPACE: ${text}`];
    case 'PERMISSION_DENIED':
    case 'UNAUTHENTICATED':
      return ['engine_denied', `TEMPORAL_API_KEY: ${text}`];
    default:
      return ['engine_unavailable', `TEMPORAL_ADDRESS: ${text}`];
  }
}
