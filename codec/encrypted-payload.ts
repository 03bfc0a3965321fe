import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { canonicalJson } from '../domain/canonical-json.ts';
import { isPayloadKeyId } from './key-ring.ts';
import type { KeyRing, PayloadKey } from './key-ring.ts';
import { PayloadUnreadable } from './payload-unreadable.ts';

/** The encoding of what is encrypted here. */
export const encryptedEncoding = 'binary/countersign+aes256gcm';

/** Where a payload belongs: whose history has it. */
export interface PayloadPlace {
  readonly namespace: string;
  readonly workflowId: string;
}

const nonceBytes = 12;
const tagBytes = 16;
const { Payload: wire } = proto.temporal.api.common.v1;

/**
 * Encrypts a payload, metadata and all: AES-256-GCM with a random nonce of 96 bits. Its data is nonce, ciphertext and tag. Key,
 * namespace and workflow are readable in its metadata and authenticated with it, so it is good nowhere else.
 *
 * @param place - null where the SDK does not say; then it is bound to no place
 */
export function encryptPayload(payload: Payload, key: PayloadKey, place: PayloadPlace | null): Payload {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: tagBytes });
  cipher.setAAD(boundTo(key.id, place));
  const plain = wire.encode(payload).finish();
  const data = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return {
    metadata: {
      encoding: Buffer.from(encryptedEncoding),
      'encryption-key-id': Buffer.from(key.id),
      ...(place && {
        'encryption-namespace': Buffer.from(place.namespace),
        'encryption-workflow-id': Buffer.from(place.workflowId),
      }),
    },
    data,
  };
}

/** What {@link encryptPayload} has made, as it was. @throws PayloadUnreadable `key_missing`, `not_authentic` */
export async function decryptPayload(payload: Payload, ring: KeyRing): Promise<Payload> {
  const id = keyIdOf(payload);
  const key = await ring.find(id);
  if (key === null) throw new PayloadUnreadable('key_missing', `no key ${id} for an encrypted payload`);
  const sealed = Buffer.from(payload.data ?? []);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.bytes, sealed.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(boundTo(key.id, placeOf(payload)));
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    const plain = Buffer.concat([
      decipher.update(sealed.subarray(nonceBytes, Math.max(nonceBytes, sealed.length - tagBytes))),
      decipher.final(),
    ]);
    // Of plain members alone: what reads metadata compares by own members.
    const { metadata, data } = wire.decode(plain);
    return { metadata: { ...metadata }, data };
  } catch (cause) {
    throw new PayloadUnreadable('not_authentic', `a payload under key ${key.id} was altered`, cause);
  }
}

/** The id of the key that an encrypted payload names. @throws PayloadUnreadable `not_authentic` where no key can have it */
export function keyIdOf(payload: Payload): string {
  const id = memberOf(payload, 'encryption-key-id') ?? '';
  if (isPayloadKeyId(id)) return id;
  throw new PayloadUnreadable('not_authentic', 'an encrypted payload names no key');
}

/** Where an encrypted payload says that it belongs; null where it is bound to no place. True once it was decrypted. */
export function placeOf(payload: Payload): PayloadPlace | null {
  const namespace = memberOf(payload, 'encryption-namespace');
  const workflowId = memberOf(payload, 'encryption-workflow-id');
  return namespace === null || workflowId === null ? null : { namespace, workflowId };
}

/** The additional authenticated data: RFC 8785 JSON of encoding, key and place. */
function boundTo(keyId: string, place: PayloadPlace | null): Buffer {
  const { namespace = null, workflowId = null } = place ?? {};
  return Buffer.from(canonicalJson([encryptedEncoding, keyId, namespace, workflowId]));
}

function memberOf({ metadata }: Payload, name: string): string | null {
  const bytes = metadata?.[name];
  return bytes === undefined ? null : Buffer.from(bytes).toString();
}
