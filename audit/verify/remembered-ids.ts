import { hash } from 'node:crypto';

/** Of so many slots all but one in four are filled at most. */
const firstSlots = 1024;

/**
 * Remembers of which owner each id is, 16 bytes for both: 64 bits of the SHA-256 of each. Of a million ids two that differ are taken for
 * one with a probability of 3 in 10^8.
 */
export class RememberedIds {
  /** Open addressing: an id's hash, then its owner's; 0: free. */
  #slots = new BigUint64Array(2 * firstSlots);
  #count = 0;

  /** @returns whether the id is of another owner already; an owner that is told again, or first, is remembered */
  isOfAnother(id: string, owner: string): boolean {
    if (4 * (this.#count + 1) > 3 * (this.#slots.length / 2)) this.#grow();
    const [key, value] = [hashOf(id), hashOf(owner)];
    const at = this.#place(this.#slots, key);
    if (this.#slots[at] === key) return this.#slots[at + 1] !== value;
    this.#slots[at] = key;
    this.#slots[at + 1] = value;
    this.#count += 1;
    return false;
  }

  /** Where a hash stands, or the free place where it would. */
  #place(slots: BigUint64Array, key: bigint): number {
    const mask = slots.length / 2 - 1;
    let slot = Number(key & BigInt(mask));
    while (slots[2 * slot] !== 0n && slots[2 * slot] !== key) slot = (slot + 1) & mask;
    return 2 * slot;
  }

  #grow(): void {
    const slots = new BigUint64Array(2 * this.#slots.length);
    for (let from = 0; from < this.#slots.length; from += 2) {
      const key = this.#slots[from] ?? 0n;
      if (key === 0n) continue;
      const at = this.#place(slots, key);
      slots[at] = key;
      slots[at + 1] = this.#slots[from + 1] ?? 0n;
    }
    this.#slots = slots;
  }
}

/** Never 0. */
function hashOf(text: string): bigint {
  return hash('sha256', text, 'buffer').readBigUInt64BE() || 1n;
}
