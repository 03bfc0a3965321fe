const WINDOW_MS = 1000;

class SlidingSecond {
  #times: number[] = [];
  #head = 0;

  add(time: number): void {
    this.#times.push(time);
  }

  /** How many times lie in the second that ends at `now`. */
  count(now: number): number {
    while (this.#head < this.#times.length && (this.#times[this.#head] ?? 0) <= now - WINDOW_MS)
      this.#head += 1;
    if (this.#head > 4096) {
      this.#times = this.#times.slice(this.#head);
      this.#head = 0;
    }
    return this.#times.length - this.#head;
  }

  /** Milliseconds until the `nth` time (from 0) of the second leaves it. */
  untilLeaves(nth: number, now: number): number {
    return (this.#times[this.#head + nth] ?? now) + WINDOW_MS - now;
  }
}

/**
 * The account's limit on calls in any sliding second. A refused call does not count against the limit, but does count
 * in the peak: the peak says what the callers did, not what was let through.
 */
export class Throttle {
  readonly #admitted = new SlidingSecond();
  readonly #arrived = new SlidingSecond();
  #peak = 0;

  /** The largest number of calls that ever arrived within one second. */
  get peak(): number {
    return this.#peak;
  }

  /** Forgets the peak, not the running second. */
  resetPeak(): void {
    this.#peak = 0;
  }

  /**
   * Counts a call.
   *
   * @param now milliseconds of a clock that never goes back
   * @param limit calls a second
   * @returns `undefined` when the call may go on, otherwise the milliseconds after which a repeat may
   */
  take(now: number, limit: number): number | undefined {
    this.#arrived.add(now);
    this.#peak = Math.max(this.#peak, this.#arrived.count(now));
    const count = this.#admitted.count(now);
    if (count >= limit) return Math.max(1, Math.ceil(this.#admitted.untilLeaves(count - limit, now)));
    this.#admitted.add(now);
    return undefined;
  }
}
