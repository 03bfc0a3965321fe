import { ApplicationFailure } from '@temporalio/workflow';
import type { CountersignError } from '../domain/error.ts';

/** A refusal as the failure that crosses the boundary; only its type survives that. */
export function failureOf({ message, code }: CountersignError): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, code);
}
