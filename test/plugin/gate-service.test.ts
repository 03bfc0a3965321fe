import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter, WorkflowNotFoundError } from '@temporalio/common';
import * as nexus from 'nexus-rpc';
import { expect, test } from 'vitest';
import { answerEncodingOf } from '../../domain/answer-encoding.ts';
import { endOfOpened } from '../../plugin/gate-service.ts';
import { failureConverter } from '../../workflows/failure-converter.ts';

const cause = ApplicationFailure.nonRetryable('no', 'not_approved', { changeId: null });

test('only an answer of the gate, or that there is none, ends the operation opened', () => {
  const failed = endOfOpened(new WorkflowUpdateFailedError('x', cause));
  expect(failed).toBeInstanceOf(nexus.OperationError);
  expect(failed).toMatchObject({ state: 'failed', message: 'no', cause });
  const gone = endOfOpened(new WorkflowNotFoundError('gone', 'gate-1', undefined));
  expect(gone).toMatchObject({ state: 'failed', message: 'gone' });
  for (const error of [new WorkflowUpdateRPCTimeoutOrCancelledError('late'), new Error('unavailable')])
    expect(endOfOpened(error)).toBe(error);
});

test.each([
  ['a wrong call', new nexus.HandlerError('BAD_REQUEST', 'operationToken', { cause })],
  [
    'an operation that failed',
    ApplicationFailure.create({ message: 'no', type: 'OperationError', nonRetryable: true, cause }),
  ],
])('%s is told in plain, with its cause', (_, error) => {
  const failure = failureConverter.errorToFailure(error, defaultPayloadConverter);
  expect(failure).toMatchObject({ message: error.message, cause: { message: 'no' } });
  const [payload] = failure.cause?.applicationFailureInfo?.details?.payloads ?? [];
  expect(answerEncodingOf(payload ?? {})).toBe('json/plain');
});

test('whatever else fails in a process with keys is encoded for their holders', () => {
  const failure = failureConverter.errorToFailure(cause, defaultPayloadConverter);
  expect(failure.message).toBe('Encoded failure');
  expect(answerEncodingOf(failure.encodedAttributes ?? {})).toBe(null);
});
