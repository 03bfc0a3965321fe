import { ApplicationFailure } from '@temporalio/common';
import type { Pool } from 'pg';
import { isInDoubt } from '../domain/attempt.ts';
import { listAttempts } from '../store/list-attempts.ts';
import type { FailedCall } from './contract.ts';
import { asFailure } from './failure.ts';

/**
 * Work of a gated call. Where it fails for good, its failure tells whether an earlier call of the change may have worked
 * all the same: then the failure alone does not say how the change ends.
 */
export async function tellingDoubt<T>(pool: Pool, changeId: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApplicationFailure) || error.nonRetryable !== true) throw error;
    const attempts = await asFailure(() => listAttempts(pool, changeId));
    if (!attempts.some(isInDoubt)) throw error;
    const { message } = error;
    const type = error.type ?? 'internal_error';
    const [told] = (error.details ?? []) as readonly FailedCall[];
    const detail: FailedCall = {
      code: type,
      message,
      requestId: null,
      ...told,
      doubt: true,
    };
    throw ApplicationFailure.create({ type, message, nonRetryable: true, details: [detail], cause: error });
  }
}
