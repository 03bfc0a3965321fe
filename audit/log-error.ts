import { CountersignError } from '../domain/error.ts';
import { isUnavailable } from '../domain/unavailable.ts';

/** SQLSTATEs that the log's own functions raise (migrations/0002-entries.sql, 0003-merkle-tree.sql), with our code for each. */
const codeOfState = {
  CS001: 'integrity_conflict',
  CS002: 'invalid_configuration',
  CS003: 'invalid_request',
  CS004: 'integrity_conflict',
  CS005: 'integrity_conflict',
  '42501': 'invalid_configuration',
} as const;

/**
 * What went wrong on the way to the log, as an error of ours: `integrity_conflict` (nothing may retry it),
 * `invalid_configuration`, `invalid_request`, or `log_unavailable`, after which the same call is safe to repeat.
 * Anything else is returned as it came.
 */
export function asLogError(error: unknown): unknown {
  if (error instanceof CountersignError || !(error instanceof Error)) return error;
  const state = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (Object.hasOwn(codeOfState, state)) {
    return new CountersignError(codeOfState[state as keyof typeof codeOfState], error.message, {
      cause: error,
    });
  }
  // An answer of Postgres has a five-character state; what has none never got one.
  const answered = /^[0-9A-Z]{5}$/.test(state) && 'severity' in error;
  if (!answered || isUnavailable(error)) {
    return new CountersignError('log_unavailable', `the audit log cannot be reached: ${error.message}`, {
      cause: error,
    });
  }
  return error;
}

/** An answer of Postgres. @throws as {@link asLogError} says */
export async function orLogError<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw asLogError(error);
  }
}

/** Whether the log could not be reached, so that nothing else would be now. False where another transaction was in the way. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof CountersignError) || error.code !== 'log_unavailable') return false;
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return !(typeof code === 'string' && /^(40...|55P03)$/.test(code));
}
