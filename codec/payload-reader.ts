import type { Payload } from '@temporalio/common';
import { encodingOf } from '../domain/answer-encoding.ts';
import { decryptPayload, encryptedEncoding, placeOf } from './encrypted-payload.ts';
import type { PayloadPlace } from './encrypted-payload.ts';
import type { KeyRing } from './key-ring.ts';

/** A payload of Countersign's as it was before it was encrypted, and whose it is. */
export interface OwnPayload {
  readonly payload: Payload;
  /** Authenticated; null: it is bound to no workflow. */
  readonly place: PayloadPlace | null;
}

/** Reads what Countersign has encrypted, for people who look at Temporal. */
export interface PayloadReader {
  /** Null: it is not of Countersign's encoding. @throws PayloadUnreadable */
  read(payload: Payload): Promise<OwnPayload | null>;
}

/** A reader with a ring. */
export function payloadReader(keys: KeyRing): PayloadReader {
  return {
    async read(payload) {
      if (encodingOf(payload) !== encryptedEncoding) return null;
      return { payload: await decryptPayload(payload, keys), place: placeOf(payload) };
    },
  };
}
