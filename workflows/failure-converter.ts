import { ApplicationFailure, DefaultFailureConverter } from '@temporalio/common';
import type { Payload, PayloadConverter, SerializationContext } from '@temporalio/common';
import * as nexus from 'nexus-rpc';
import { metadataIn, plainEncoding } from '../domain/answer-encoding.ts';
import { failingIn } from './host-answer.ts';

type Failure = ReturnType<DefaultFailureConverter['errorToFailure']>;

/** What stands in the place of a message that is encoded, as every SDK writes it. */
const encodedMessage = 'Encoded failure';

/**
 * The failure converter of processes with payload keys: messages and stack traces are payloads, which a codec encrypts. A
 * workflow that fails towards a host says why in the host's own encoding; to a host without a codec, plainly, as to whoever calls
 * a Nexus operation: a namespace of somebody else has none of our keys.
 */
class EncodingFailureConverter extends DefaultFailureConverter {
  override errorToFailure(
    error: unknown,
    converter: PayloadConverter,
    context?: SerializationContext,
  ): Failure {
    if (isForNexusCaller(error))
      return markedFor(plainEncoding, plainly.errorToFailure(error, converter, context));
    const failure = super.errorToFailure(error, converter, context);
    const encoding = failingIn();
    if (encoding === null) return encoded(failure, converter, context);
    const answer = encoding === plainEncoding ? failure : encoded(failure, converter, context);
    return markedFor(encoding, answer);
  }
}

const plainly = new DefaultFailureConverter();

/** Whether it is what the SDK makes of an error of a Nexus operation of ours. */
function isForNexusCaller(error: unknown): boolean {
  if (error instanceof nexus.HandlerError) return true;
  return error instanceof ApplicationFailure && error.type === 'OperationError';
}

/** What was decoded before keeps its cause as it came: that has its message encoded already. */
function encoded(failure: Failure, converter: PayloadConverter, context?: SerializationContext): Failure {
  const { message, stackTrace } = failure;
  if (message === encodedMessage && failure.encodedAttributes) return failure;
  return {
    ...failure,
    message: encodedMessage,
    stackTrace: '',
    encodedAttributes: converter.toPayload({ message, stack_trace: stackTrace }, context),
  };
}

/** All payloads of a failure and its causes are stored in the encoding of whoever reads them. */
function markedFor(encoding: string, failure: Failure): Failure {
  const mark = (payload: Payload): Payload => ({
    ...payload,
    metadata: metadataIn(encoding, payload.metadata),
  });
  const { encodedAttributes, cause, applicationFailureInfo, canceledFailureInfo, timeoutFailureInfo } =
    failure;
  const details = applicationFailureInfo?.details?.payloads;
  const cancelled = canceledFailureInfo?.details?.payloads;
  const heartbeat = timeoutFailureInfo?.lastHeartbeatDetails?.payloads;
  return {
    ...failure,
    ...(encodedAttributes && { encodedAttributes: mark(encodedAttributes) }),
    ...(cause && { cause: markedFor(encoding, cause) }),
    ...(details && {
      applicationFailureInfo: { ...applicationFailureInfo, details: { payloads: details.map(mark) } },
    }),
    ...(cancelled && {
      canceledFailureInfo: { ...canceledFailureInfo, details: { payloads: cancelled.map(mark) } },
    }),
    ...(heartbeat && {
      timeoutFailureInfo: { ...timeoutFailureInfo, lastHeartbeatDetails: { payloads: heartbeat.map(mark) } },
    }),
  };
}

export const failureConverter = new EncodingFailureConverter();
