import { hash } from 'node:crypto';

/** Of so many slots all but one in four are filled at most. */
const firstSlots = 1024;

/** Words of 64 bits that an id takes: its hash, and its owner. */
const words = 3;

/**
 * Remembers of which owner each id is, 24 bytes for both: 64 bits of the id's SHA-256, and the owner's UUID, or as many bits of its
 * SHA-256 where it is none. Of a million ids two that differ are taken for one with a probability of 3 in 10^8.
 */
export class RememberedIds {
  /** Open addressing: an id's hash, then its owner's; 0: free. */
  #slots = new BigUint64Array(words * firstSlots);
  #count = 0;

  /** @returns whether the id is of another owner already; an owner that is told again, or first, is remembered */
  isOfAnother(id: string, owner: string): boolean {
    if (4 * (this.#count + 1) > 3 * (this.#slots.length / words)) this.#grow();
    const key = hashOf(id);
    const [high, low] = ownerWords(owner);
    const at = this.#place(this.#slots, key);
    if (this.#slots[at] === key) return this.#slots[at + 1] !== high || this.#slots[at + 2] !== low;
    this.#slots.set([key, high, low], at);
    this.#count += 1;
    return false;
  }

  /** The owner of an id that is remembered, where that is a UUID; null for an id that is not. */
  ownerOf(id: string): string | null {
    const key = hashOf(id);
    const at = this.#place(this.#slots, key);
    if (this.#slots[at] !== key) return null;
    const hex = [1, 2].map((n) => (this.#slots[at + n] ?? 0n).toString(16).padStart(16, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }

  /** Where a hash stands, or the free place where it would. */
  #place(slots: BigUint64Array, key: bigint): number {
    const mask = slots.length / words - 1;
    let slot = Number(key & BigInt(mask));
    while (slots[words * slot] !== 0n && slots[words * slot] !== key) slot = (slot + 1) & mask;
    return words * slot;
  }

  #grow(): void {
    const slots = new BigUint64Array(2 * this.#slots.length);
    for (let from = 0; from < this.#slots.length; from += words) {
      const key = this.#slots[from] ?? 0n;
      if (key !== 0n) slots.set(this.#slots.subarray(from, from + words), this.#place(slots, key));
    }
    this.#slots = slots;
  }
}

/** Never 0. */
function hashOf(text: string): bigint {
  return hash('sha256', text, 'buffer').readBigUInt64BE() || 1n;
}

function ownerWords(owner: string): readonly [bigint, bigint] {
  const bytes = isUuid(owner)
    ? Buffer.from(owner.replaceAll('-', ''), 'hex')
    : hash('sha256', owner, 'buffer');
  return [bytes.readBigUInt64BE(0), bytes.readBigUInt64BE(8)];
}

/** Whether a text is a UUID, as the ids of changes are. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
