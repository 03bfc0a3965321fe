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
  current(): PayloadKey {
    return keyRing(this.keys).current();
  }
  find(id: string): Promise<PayloadKey | null> {
    return keyRing(this.keys).find(id);
  }
}
