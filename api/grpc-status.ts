import { CountersignError } from '../domain/error.ts';
import type { ErrorCode } from '../domain/error.ts';
import type { GrpcStatus } from '../domain/grpc-status.ts';

/** What each status means here. Null: no answer came, and the caller says what that means. An error that no repeat mends is no 503. */
const meaning: Record<GrpcStatus, { readonly code: ErrorCode; readonly message: string } | null> = {
  CANCELLED: null,
  DEADLINE_EXCEEDED: null,
  UNAVAILABLE: { code: 'engine_unavailable', message: 'Temporal cannot be reached' },
  RESOURCE_EXHAUSTED: { code: 'engine_busy', message: 'Temporal limits the rate of requests' },
  ABORTED: { code: 'engine_failed', message: 'Temporal gave up the request' },
  INTERNAL: { code: 'engine_failed', message: 'Temporal failed' },
  UNKNOWN: { code: 'engine_failed', message: 'Temporal failed' },
  DATA_LOSS: { code: 'engine_failed', message: 'Temporal has lost data' },
  PERMISSION_DENIED: { code: 'engine_denied', message: 'Temporal denies the request to this process' },
  UNAUTHENTICATED: { code: 'engine_denied', message: "Temporal does not accept this process's credentials" },
  NOT_FOUND: { code: 'engine_rejected', message: 'Temporal does not know what was asked for' },
  INVALID_ARGUMENT: { code: 'engine_rejected', message: 'Temporal rejects the request' },
  ALREADY_EXISTS: { code: 'engine_rejected', message: 'Temporal has this already' },
  FAILED_PRECONDITION: { code: 'engine_rejected', message: 'Temporal is not set up for the request' },
  OUT_OF_RANGE: { code: 'engine_rejected', message: 'Temporal rejects the request' },
  UNIMPLEMENTED: { code: 'engine_rejected', message: 'Temporal is too old for the request' },
};

/**
 * A gRPC status as an error of ours, with the status' name in `grpcStatus`.
 *
 * @param lost - what no answer in time means here
 */
export function ofGrpcStatus(
  status: GrpcStatus,
  cause: Error,
  lost: 'engine_unavailable' | 'outcome_not_known',
): CountersignError {
  const extra = { grpcStatus: status };
  // A run takes a limited number of updates, and no repeat mends that. Only the server's message says so.
  if (/\blimit\b.*\btotal\b.*\bupdates\b/is.test(textOf(cause))) {
    const message = 'the change has had as many requests as its workflow takes; it can still be stopped';
    return new CountersignError('change_exhausted', message, { cause, extra });
  }
  const { code, message } = meaning[status] ?? { code: lost, message: 'Temporal gave no answer in time' };
  return new CountersignError(code, message, { cause, extra });
}

function textOf(error: Error): string {
  let text = '';
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    text += `${at.message} ${(at as { details?: string }).details ?? ''} `;
  }
  return text;
}
