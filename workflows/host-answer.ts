import { RawValue } from '@temporalio/common';
import { metadataIn, plainEncoding } from '../domain/answer-encoding.ts';

/** The encoding that this workflow fails in; null until it fails towards a host. A workflow has its own copy of each module. */
let failing: string | null = null;

/**
 * A value that is stored in an encoding of its reader's: the host's that asked, or of the workers of another task queue. Plain
 * JSON is what every SDK reads.
 *
 * @param encoding - of a host's codec that this service is configured with, or `json/plain`
 */
export function answerIn<T>(encoding: string, value: T): T {
  const { payload } = new RawValue(value);
  return RawValue.fromPayload({ ...payload, metadata: metadataIn(encoding, payload.metadata) }) as T;
}

/**
 * What a workflow that a host has asked ends with, in the host's encoding: its result, or what it fails with.
 *
 * @param encodingOf - the encoding, as far as it is known by then
 */
export async function towardsHost<T>(encodingOf: () => string | null, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    const encoding = encodingOf();
    return encoding === null ? result : answerIn(encoding, result);
  } catch (error) {
    failIn(encodingOf());
    throw error;
  }
}

/** From now on what this workflow fails with, an update, too, is for a host. */
export function failIn(encoding: string | null): void {
  failing = encoding;
}

/** In which encoding a failure is to be stored; null: as everything else. */
export function failingIn(): string | null {
  return failing;
}

/** The encoding that a host is answered in, where older histories do not say. */
export function hostEncodingOf({
  answerIn: encoding = plainEncoding,
}: {
  readonly answerIn?: string;
}): string {
  return encoding;
}
