/** The names of gRPC's status codes, by their numbers. */
const names = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/** A status of gRPC that is an error. */
export type GrpcStatus = Exclude<(typeof names)[number], 'OK'>;

/** The gRPC status of an error of Temporal's client, or of its cause; null when neither has one. */
export function grpcStatusOf(error: unknown): GrpcStatus | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code, name } = at as Error & { code?: unknown };
    // The native client's errors have the status as a number, too, and no details.
    if (typeof code !== 'number' || !('details' in at || name === 'ServiceError')) continue;
    const status = names[code];
    if (status !== undefined && status !== 'OK') return status;
  }
  return error instanceof Error && error.name === 'ServiceError' ? 'UNAVAILABLE' : null;
}
