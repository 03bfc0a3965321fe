import { grpcStatusOf } from '../domain/grpc-status.ts';
import type { Finding } from './finding.ts';

/** Why a call of Temporal failed, and what to do. */
export function temporalFault(
  error: unknown,
  { address, namespace }: { readonly address: string; readonly namespace: string },
): Pick<Finding, 'found' | 'remedy'> {
  const { details, message } = error as { details?: string; message?: string };
  const said = (details ?? message ?? String(error)).trim();
  switch (grpcStatusOf(error)) {
    case 'NOT_FOUND':
      return {
        found: `${address} has no namespace ${namespace}`,
        remedy:
          'correct TEMPORAL_NAMESPACE, or make it: countersign temporal setup --namespace-retention <days>',
      };
    case 'PERMISSION_DENIED':
      return {
        found: `${address} does not allow it: ${said}`,
        remedy: 'let somebody do it who may: countersign temporal setup --print has the commands',
      };
    case 'UNAUTHENTICATED':
      return {
        found: `${address} does not know who asks: ${said}`,
        remedy: 'check TEMPORAL_API_KEY, that it has not expired, and that the namespace takes API keys',
      };
    case 'UNAVAILABLE':
    case 'DEADLINE_EXCEEDED':
      return {
        found: `nothing answers at ${address}: ${said}`,
        remedy:
          'check TEMPORAL_ADDRESS, the network, and TEMPORAL_TLS… (a client certificate, the authority, the name)',
      };
    case 'INVALID_ARGUMENT':
      return {
        found: `${address} refuses it: ${said}`,
        remedy: 'make room or correct what it says; countersign temporal setup --print has the commands',
      };
    default:
      return { found: `${address}: ${said}`, remedy: "check Temporal's variables, and Temporal's own log" };
  }
}
