/**
 * Remembers the nonces of signed requests, so that none is taken twice.
 *
 * A request's date may lie 15 minutes on either side of now, so a replay stays within the date window for at most
 * 30 minutes: that long each nonce is kept. Memory is bounded; beyond the limit the oldest nonces are forgotten.
 */
export class NonceMemory {
  readonly #seen = new Map<string, number>();
  readonly #keepMs: number;
  readonly #limit: number;

  constructor(options: { readonly keepMs?: number; readonly limit?: number } = {}) {
    this.#keepMs = options.keepMs ?? 30 * 60_000;
    this.#limit = options.limit ?? 500_000;
  }

  /** How many nonces are remembered. */
  get size(): number {
    return this.#seen.size;
  }

  /**
   * Takes a nonce.
   *
   * @param now Unix milliseconds
   * @returns false when this access key used it before
   */
  take(accessKeyId: string, nonce: string, now: number): boolean {
    for (const [key, time] of this.#seen) {
      if (time + this.#keepMs > now && this.#seen.size < this.#limit) break;
      this.#seen.delete(key);
    }
    const key = `${accessKeyId}\n${nonce}`;
    if (this.#seen.has(key)) return false;
    this.#seen.set(key, now);
    return true;
  }
}
