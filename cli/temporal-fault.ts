import { grpcStatusOf } from '../activities/host.ts';
import type { Finding } from './finding.ts';

/** gRPC's numbers of what Temporal, or a proxy before it, answers with. */
export const grpcStatus = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** Why a call of Temporal failed, and what to do. */
export function temporalFault(
  error: unknown,
  { address, namespace }: { readonly address: string; readonly namespace: string },
): Pick<Finding, 'found' | 'remedy'> {
  const { details, message } = error as { details?: string; message?: string };
  const said = (details ?? message ?? String(error)).trim();
  switch (grpcStatusOf(error)) {
    case grpcStatus.notFound:
      return {
        found: `${address} has no namespace ${namespace}`,
        remedy:
          'correct TEMPORAL_NAMESPACE, or make it: countersign temporal setup --namespace-retention <days>',
      };
    case grpcStatus.permissionDenied:
      return {
        found: `${address} does not allow it: ${said}`,
        remedy: 'let somebody do it who may: countersign temporal setup --print has the commands',
      };
    case grpcStatus.unauthenticated:
      return {
        found: `${address} does not know who asks: ${said}`,
        remedy: 'check TEMPORAL_API_KEY, that it has not expired, and that the namespace takes API keys',
      };
    case grpcStatus.unavailable:
    case grpcStatus.deadlineExceeded:
      return {
        found: `nothing answers at ${address}: ${said}`,
        remedy:
          'check TEMPORAL_ADDRESS, the network, and TEMPORAL_TLS… (a client certificate, the authority, the name)',
      };
    case grpcStatus.invalidArgument:
      return {
        found: `${address} refuses it: ${said}`,
        remedy: 'make room or correct what it says; countersign temporal setup --print has the commands',
      };
    default:
      return { found: `${address}: ${said}`, remedy: "check Temporal's variables, and Temporal's own log" };
  }
}
