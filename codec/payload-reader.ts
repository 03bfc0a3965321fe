import type { Payload } from '@temporalio/common';
import { encodingOf } from '../domain/answer-encoding.ts';
import { decryptPayload, encryptedEncoding, placeOf } from './encrypted-payload.ts';
import type { PayloadPlace } from './encrypted-payload.ts';
import type { KeyRing } from './key-ring.ts';

/** Reads what Countersign has encrypted, for people who look at Temporal. */
export interface PayloadReader {
  /**
   * Where a payload of Countersign's encoding says that it belongs: true only where it can be read. The place is null where it says
   * nothing; all is null where it is of another encoding.
   */
  claimOf(payload: Payload): { readonly place: PayloadPlace | null } | null;
  /** A payload of Countersign's as it was before it was encrypted. @throws PayloadUnreadable */
  read(payload: Payload): Promise<Payload>;
}

/** A reader with a ring. */
export function payloadReader(keys: KeyRing): PayloadReader {
  return {
    claimOf: (payload) => (encodingOf(payload) === encryptedEncoding ? { place: placeOf(payload) } : null),
    read: (payload) => decryptPayload(payload, keys),
  };
}
