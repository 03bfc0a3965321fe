import { ApplicationFailure, TemporalFailure } from '@temporalio/workflow';

/**
 * What is made of something that came from outside. A plain error fails the workflow task, which is then tried for ever:
 * what cannot be understood fails the workflow, or refuses the update, instead.
 *
 * @throws ApplicationFailure `invalid_request`
 */
export function understood<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TemporalFailure) throw error;
    throw ApplicationFailure.nonRetryable(`not a ${what}: ${String(error)}`, 'invalid_request');
  }
}
