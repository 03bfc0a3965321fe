import { newPayloadKey } from './key-ring.ts';
import type { PayloadKey } from './key-ring.ts';

/** Keys with another one that only reads as yet; the same keys where there is such a one already. */
export function withNextKey(keys: readonly PayloadKey[]): PayloadKey[] {
  return keys.some(({ use }) => use === 'next') ? [...keys] : [...keys, newPayloadKey('next')];
}

/** Keys of which the next one is current from now on; null where there is no next one. */
export function withNextCurrent(keys: readonly PayloadKey[]): PayloadKey[] | null {
  if (!keys.some(({ use }) => use === 'next')) return null;
  const after = { current: 'old', next: 'current', old: 'old' } as const;
  return keys.map((key) => ({ ...key, use: after[key.use] }));
}
