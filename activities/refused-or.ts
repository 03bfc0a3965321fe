import { log } from '@temporalio/activity';
import { CountersignError } from '../domain/error.ts';
import type { ErrorCode } from '../domain/error.ts';
import type { Refused } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** A refusal as a result: the workflow fails with it, and a line of this worker says why. */
export async function refusedOr<T>(
  { alarm }: Pick<ActivityDependencies, 'alarm'>,
  work: () => Promise<T>,
): Promise<T | Refused> {
  try {
    return await work();
  } catch (error) {
    // A repeat of a request that cannot be understood is of no use, and nobody would notice it.
    const isOurs = error instanceof CountersignError;
    if (!isOurs && !(error instanceof TypeError) && !(error instanceof RangeError)) throw error;
    const { message } = error;
    const code = isOurs ? error.code : 'internal_error';
    log.warn(`a request is not taken up: ${message}`, { code });
    if (code === 'policy_out_of_step' || code === 'operation_out_of_step') alarm?.(code, message);
    const errors = isOurs ? error.errors : [];
    return { kind: 'refused', code, message, ...(errors.length > 0 ? { errors } : {}) };
  }
}

/** The reason why a request becomes no change. */
export function refusal(code: ErrorCode, message: string): CountersignError {
  return new CountersignError(code, message);
}
