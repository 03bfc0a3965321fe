import { keyRing } from '../codec/key-ring.ts';
import type { KeyRing, PayloadKey } from '../codec/key-ring.ts';

/** How often keys are read again for one that is not there, ms. */
const lookAgainMs = 2000;

/**
 * A ring whose keys are read again when a payload needs one that is not on it. Whoever needs one meanwhile waits for that reading,
 * too: payloads of one message are decoded side by side.
 *
 * @param onHangup - what was read on the last SIGHUP; what a reading finds that began later is newer
 * @param read - reads them once more
 * @param failed - is told why that could not be; the keys of before hold
 */
export function rereadRing(
  onHangup: () => readonly PayloadKey[],
  read: () => Promise<readonly PayloadKey[]>,
  failed: (error: unknown) => void,
): KeyRing {
  let found = onHangup();
  let atHangup = found;
  let lookedAt = -Infinity;
  let looking: Promise<void> | null = null;

  const now = () => {
    if (onHangup() !== atHangup) found = atHangup = onHangup();
    return keyRing(found);
  };

  async function look(): Promise<void> {
    try {
      let before;
      let keys;
      do {
        before = onHangup();
        keys = await read();
      } while (onHangup() !== before);
      atHangup = before;
      found = keys;
    } catch (error) {
      failed(error);
    } finally {
      lookedAt = Date.now();
      looking = null;
    }
  }

  return {
    current: () => now().current(),
    async find(id) {
      const known = await now().find(id);
      if (known !== null || (looking === null && Date.now() - lookedAt < lookAgainMs)) return known;
      await (looking ??= look());
      return now().find(id);
    },
  };
}
