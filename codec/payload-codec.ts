import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import {
  answerEncodingMember,
  answerEncodingOf,
  encodingOf,
  plainEncoding,
  plainEncodings,
} from '../domain/answer-encoding.ts';
import { decryptPayload, encryptedEncoding, encryptPayload, keyIdOf, placeOf } from './encrypted-payload.ts';
import type { PayloadPlace } from './encrypted-payload.ts';
import { hostCodecOf } from './host-codec.ts';
import type { HostCodec } from './host-codec.ts';
import type { KeyRing } from './key-ring.ts';
import { PayloadUnreadable } from './payload-unreadable.ts';

/** What {@link payloadCodec} is made from. */
export interface PayloadCodecOptions {
  /** Without keys payloads are stored as they are. */
  readonly keys?: KeyRing | null;
  readonly hostCodecs?: readonly HostCodec[];
  /** Whether an encrypted payload has to be of the workflow that brings it; default true. Histories that are replayed elsewhere have lost theirs. */
  readonly bound?: boolean;
  /** Called with each payload that cannot be read, or encoded as its reader wants it, and whose history has it; null where the SDK does not say. */
  readonly onUnreadable?: (error: PayloadUnreadable, place: PayloadPlace | null) => void;
}

/**
 * The codec of Countersign's processes. It encrypts whatever they store, except for what a workflow says to a host, which is
 * encoded as the host has asked; it decodes each payload by its own `encoding`.
 *
 * @throws PayloadUnreadable from `decode`; from `encode` where no codec is configured for the encoding that a host has asked for
 */
export function payloadCodec(options: PayloadCodecOptions): PayloadCodec {
  const { keys = null, hostCodecs = [], bound = true, onUnreadable } = options;

  async function encodeOne(payload: Payload, context?: SerializationContext): Promise<Payload> {
    const wanted = answerEncodingOf(payload);
    const bare = wanted === null ? payload : withoutMark(payload);
    if (wanted === null || wanted === encryptedEncoding) {
      const key = keys?.current() ?? null;
      return key === null ? bare : encryptPayload(bare, key, placeIn(context));
    }
    if (wanted === plainEncoding) return bare;
    const codec = hostCodecOf(hostCodecs, wanted);
    if (codec === null) throw unknown(wanted);
    let encoded = [bare];
    for (const each of codec.payloadCodecs) encoded = await each.encode(encoded, context);
    return one(encoded, wanted);
  }

  async function decodeOne(payload: Payload, context?: SerializationContext): Promise<Payload> {
    const encoding = encodingOf(payload);
    if (plainEncodings.has(encoding)) return payload;
    if (encoding === encryptedEncoding) {
      // A key for what names none will never come.
      if (keys === null) {
        const message = `no key ${keyIdOf(payload)} for an encrypted payload: there are no payload keys`;
        throw new PayloadUnreadable('key_missing', message);
      }
      const decrypted = await decryptPayload(payload, keys);
      if (bound) assertPlace(placeOf(payload), placeIn(context));
      return decrypted;
    }
    const codec = hostCodecOf(hostCodecs, encoding);
    if (codec === null) throw unknown(encoding);
    let decoded = [payload];
    try {
      for (const each of codec.payloadCodecs.toReversed()) decoded = await each.decode(decoded, context);
    } catch (cause) {
      // Whether its key is missing or the payload was altered, nobody but that codec knows. A key may come.
      throw new PayloadUnreadable('codec_refused', `the codec of ${encoding} has refused a payload`, cause);
    }
    const plain = one(decoded, encoding);
    // What else there is in it, a workflow's converter could not read: its task would be tried for ever.
    if (!plainEncodings.has(encodingOf(plain))) throw unknown(encodingOf(plain));
    return plain;
  }

  type Convert = (payload: Payload, context?: SerializationContext) => Promise<Payload>;
  const telling =
    (convert: Convert): PayloadCodec['encode'] =>
    (payloads, context) =>
      Promise.all(
        payloads.map(async (each) => {
          try {
            return await convert(each, context);
          } catch (error) {
            if (error instanceof PayloadUnreadable) onUnreadable?.(error, placeIn(context));
            throw error;
          }
        }),
      );
  return { encode: telling(encodeOne), decode: telling(decodeOne) };
}

/** A payload is only good where it was made for. @throws PayloadUnreadable `not_authentic` */
function assertPlace(made: PayloadPlace | null, here: PayloadPlace | null): void {
  if (made === null || here === null) return;
  if (made.namespace === here.namespace && made.workflowId === here.workflowId) return;
  throw new PayloadUnreadable(
    'not_authentic',
    `a payload of workflow ${made.workflowId} in namespace ${made.namespace} was found in ${here.workflowId} in ${here.namespace}`,
  );
}

function placeIn(context: SerializationContext | undefined): PayloadPlace | null {
  const { namespace, workflowId } = context ?? {};
  return namespace === undefined || workflowId === undefined ? null : { namespace, workflowId };
}

function withoutMark({ metadata, ...payload }: Payload): Payload {
  const { [answerEncodingMember]: _, ...kept } = metadata ?? {};
  return { ...payload, metadata: kept };
}

function one([payload, ...others]: Payload[], encoding: string): Payload {
  if (payload !== undefined && others.length === 0) return payload;
  throw unknown(`${encoding}, whose codec does not answer one payload for one`);
}

function unknown(encoding: string): PayloadUnreadable {
  return new PayloadUnreadable(
    'unknown_encoding',
    `a payload is encoded as ${encoding.slice(0, 100) || 'nothing'}, which no configured codec knows`,
  );
}
