import { expect, test } from 'vitest';
import { ofGrpcStatus } from '../../api/grpc-status.ts';
import { httpStatusOfCode } from '../../domain/error.ts';
import { grpcStatusOf } from '../../domain/grpc-status.ts';

const failed = (code: number, details = '') =>
  Object.assign(new Error(`${code} ${details}`), { code, details });

test.each([
  [1, 'CANCELLED', 'outcome_not_known', 503],
  [2, 'UNKNOWN', 'engine_failed', 503],
  [3, 'INVALID_ARGUMENT', 'engine_rejected', 500],
  [4, 'DEADLINE_EXCEEDED', 'outcome_not_known', 503],
  [5, 'NOT_FOUND', 'engine_rejected', 500],
  [6, 'ALREADY_EXISTS', 'engine_rejected', 500],
  [7, 'PERMISSION_DENIED', 'engine_denied', 500],
  [8, 'RESOURCE_EXHAUSTED', 'engine_busy', 503],
  [9, 'FAILED_PRECONDITION', 'engine_rejected', 500],
  [10, 'ABORTED', 'engine_failed', 503],
  [11, 'OUT_OF_RANGE', 'engine_rejected', 500],
  [12, 'UNIMPLEMENTED', 'engine_rejected', 500],
  [13, 'INTERNAL', 'engine_failed', 503],
  [14, 'UNAVAILABLE', 'engine_unavailable', 503],
  [15, 'DATA_LOSS', 'engine_failed', 503],
  [16, 'UNAUTHENTICATED', 'engine_denied', 500],
])('%d, %s: %s (%d)', (number, name, code, status) => {
  const cause = new Error('the client failed', { cause: failed(number) });
  const found = grpcStatusOf(cause);
  expect(found).toBe(name);
  if (found === null) throw new Error('it is a status');
  const error = ofGrpcStatus(found, cause, 'outcome_not_known');
  expect([error.code, httpStatusOfCode[error.code]]).toEqual([code, status]);
  expect(error.extra).toEqual({ grpcStatus: name });
});

test('a run that takes no more updates is no fault of the server, in whichever words it says so', () => {
  for (const details of [
    'limit on number of total updates has been reached (2000)',
    'The limit on the total number of distinct updates in this workflow has been reached (2000).',
  ]) {
    const error = ofGrpcStatus('FAILED_PRECONDITION', failed(9, details), 'outcome_not_known');
    expect([error.code, httpStatusOfCode[error.code]]).toEqual(['change_exhausted', 409]);
  }
  const atOnce = failed(8, 'limit on number of concurrent in-flight updates has been reached (10)');
  expect(ofGrpcStatus('RESOURCE_EXHAUSTED', atOnce, 'outcome_not_known').code).toBe('engine_busy');
});

test('what is none of gRPC is told apart', () => {
  expect(grpcStatusOf(new Error('broken'))).toBeNull();
  expect(grpcStatusOf(Object.assign(new Error('broken'), { code: 'ECONNREFUSED' }))).toBeNull();
});
