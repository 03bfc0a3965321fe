import type { Payload, PayloadCodec } from '@temporalio/common';
import type { HostCodec } from '../../codec/host-codec.ts';

/** The encoding of {@link strictCodec}. */
export const secretEncoding = 'binary/secret';
const flip = (data: Uint8Array | null | undefined) => Buffer.from(data ?? []).map((byte) => byte ^ 0x5a);

/** A codec that takes only what it made itself, as an encrypting one does. */
export const strictCodec: PayloadCodec = {
  encode: (payloads) =>
    Promise.resolve(
      payloads.map(({ metadata, data }): Payload => {
        const whole = JSON.stringify({
          metadata: Object.entries(metadata ?? {}).map(([k, v]) => [k, [...v]]),
          data: [...(data ?? [])],
        });
        return { metadata: { encoding: Buffer.from(secretEncoding) }, data: flip(Buffer.from(whole)) };
      }),
    ),
  decode: (payloads) =>
    Promise.resolve(
      payloads.map(({ metadata, data }): Payload => {
        if (encodingOf({ metadata: metadata ?? null }) !== secretEncoding) {
          throw new Error('this is not of ours');
        }
        const whole = JSON.parse(flip(data).toString()) as { metadata: [string, number[]][]; data: number[] };
        return {
          metadata: Object.fromEntries(whole.metadata.map(([k, v]) => [k, Uint8Array.from(v)])),
          data: Uint8Array.from(whole.data),
        };
      }),
    ),
};

/** The same as a service is configured with it. */
export const strictHostCodec: HostCodec = { encodings: [secretEncoding], payloadCodecs: [strictCodec] };

/** A payload's encoding. */
export function encodingOf(
  payload: { metadata?: Record<string, Uint8Array> | null } | null | undefined,
): string {
  return Buffer.from(payload?.metadata?.['encoding'] ?? []).toString();
}
