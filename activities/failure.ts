import { ApplicationFailure } from '@temporalio/common';
import { CountersignError } from '../domain/error.ts';
import type { ErrorCode } from '../domain/error.ts';
import { isUnavailable } from '../domain/unavailable.ts';

/** Codes that a repeat cannot cure; everything else is retried for as long as it takes. */
const final: ReadonlySet<ErrorCode> = new Set([
  'integrity_conflict',
  'bad_signature',
  'invalid_request',
  'invalid_configuration',
  'change_closed',
]);

/** Work whose CountersignErrors cross to the workflow as ApplicationFailures of the same code. */
export async function asFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUnstorable(error)) {
      throw ApplicationFailure.nonRetryable(`it cannot be stored: ${error.message}`, 'invalid_request');
    }
    if (isUnavailable(error)) {
      throw ApplicationFailure.create({ type: 'log_unavailable', message: (error as Error).message });
    }
    if (!(error instanceof CountersignError)) throw error;
    throw ApplicationFailure.create({
      type: error.code,
      message: error.message,
      nonRetryable: final.has(error.code),
    });
  }
}

/** Whether Postgres refused a value as such (SQLSTATE class 22): so it would each time. */
function isUnstorable(error: unknown): error is Error {
  return (
    error instanceof Error && 'severity' in error && 'code' in error && /^22...$/.test(String(error.code))
  );
}
