import { ApplicationFailure, defaultPayloadConverter, RawValue } from '@temporalio/common';
import { markedPlain } from '../domain/plain-payload.ts';

/**
 * A value that stays as it is: JSON, whatever converter the workflow's worker has, and with the mark by which
 * `plainForChanges` tells it from all that the worker's codec is for.
 *
 * @throws ApplicationFailure `invalid_request` when it is not JSON
 */
export function plainValue(value: unknown): RawValue {
  try {
    const { metadata, data } = defaultPayloadConverter.toPayload(value);
    return RawValue.fromPayload({ metadata: { ...metadata, ...markedPlain }, data: data ?? null });
  } catch (error) {
    throw ApplicationFailure.nonRetryable(`the request is no JSON: ${String(error)}`, 'invalid_request');
  }
}
