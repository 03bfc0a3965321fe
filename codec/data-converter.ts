import { fileURLToPath } from 'node:url';
import type { DataConverter, PayloadCodec } from '@temporalio/common';
import { CountersignError } from '../domain/error.ts';
import type { HostCodec } from './host-codec.ts';
import type { KeyRing } from './key-ring.ts';
import { payloadCodec } from './payload-codec.ts';
import type { PayloadCodecOptions } from './payload-codec.ts';

/** How a process stores payloads in Temporal, and which it can read. */
export interface PayloadOptions extends Pick<PayloadCodecOptions, 'onUnreadable'> {
  /** Whatever is Countersign's own is encrypted with them; without keys it is stored as it is. */
  readonly keys?: KeyRing | null;
  /** How hosts encode what they ask for. */
  readonly hostCodecs?: readonly HostCodec[];
}

/** The module that encodes what failures say, for bundles of workflows and for processes with keys. */
export const failureConverterPath = fileURLToPath(
  new URL(
    `../workflows/failure-converter${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
    import.meta.url,
  ),
);

/** The data converter of a client that reads and writes as our workers do. */
export function dataConverter(options: PayloadOptions): DataConverter {
  return withCodec(options, payloadCodec(options), {});
}

/**
 * A data converter with a codec of ours innermost, so that codecs that it has come between ours and Temporal; with keys, what
 * failures say is encoded as well.
 *
 * @throws CountersignError `invalid_configuration` where it has another failure converter, with keys
 */
export function withCodec(
  { keys = null }: PayloadOptions,
  codec: PayloadCodec,
  given: DataConverter,
): DataConverter {
  const { payloadCodecs = [] } = given;
  if (keys !== null) assertOwnFailures(given.failureConverterPath);
  // A plugin may be given to connection and worker both.
  if (payloadCodecs.includes(codec)) return given;
  return {
    ...given,
    ...(keys === null ? {} : { failureConverterPath }),
    payloadCodecs: [codec, ...payloadCodecs],
  };
}

/**
 * With keys, another failure converter would store in plain what failures say.
 *
 * @param path - of the given one; undefined where there is none
 * @throws CountersignError `invalid_configuration`
 */
export function assertOwnFailures(path: string | undefined): void {
  if (path === undefined || path === failureConverterPath) return;
  const message = `with payload keys failures are encoded by Countersign, and not by ${path}`;
  throw new CountersignError('invalid_configuration', `failureConverterPath: ${message}`, {
    errors: [{ field: 'failureConverterPath', rule: 'host', message }],
  });
}
