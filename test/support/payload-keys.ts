import type { Payload } from '@temporalio/common';
import { encryptPayload } from '../../codec/encrypted-payload.ts';
import { keyRing, newPayloadKey } from '../../codec/key-ring.ts';
import type { KeyRing, PayloadKey } from '../../codec/key-ring.ts';

/** A ring of one key, which nobody keeps. */
export const testKeys: KeyRing = keyRing([newPayloadKey('current')]);

/** A ring whose keys a test changes while processes use it, as an operator changes their file. */
export class ChangingRing implements KeyRing {
  keys: readonly PayloadKey[];
  constructor(...keys: readonly PayloadKey[]) {
    this.keys = keys;
  }
  current(): PayloadKey | null {
    return keyRing(this.keys).current();
  }
  find(id: string): Promise<PayloadKey | null> {
    return keyRing(this.keys).find(id);
  }
}

/** A payload of JSON as a process with these keys stores it for a workflow; as a codec server is shown it (proto3 JSON). */
export function shownPayload(
  value: unknown,
  namespace: string,
  workflowId: string,
  keys: KeyRing = testKeys,
) {
  return shown(encryptPayload(jsonPayload(value), currentOf(keys), { namespace, workflowId }));
}

/** The same where the SDK did not say whose it is. */
export function boundToNone(value: unknown) {
  return shown(encryptPayload(jsonPayload(value), currentOf(testKeys), null));
}

function currentOf(keys: KeyRing): PayloadKey {
  const current = keys.current();
  if (current === null) throw new Error('the ring has no current key');
  return current;
}

function jsonPayload(value: unknown): Payload {
  return { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) };
}

function shown({ metadata, data }: Payload) {
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
    ),
    data: Buffer.from(data ?? []).toString('base64'),
  };
}

/** What a codec server answers for a payload of JSON. */
export function shownPlain(value: unknown) {
  return {
    metadata: { encoding: Buffer.from('json/plain').toString('base64') },
    data: Buffer.from(JSON.stringify(value)).toString('base64'),
  };
}
