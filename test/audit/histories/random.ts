/** Numbers that look random and are the same for the same seed (mulberry32), and choices by them. */
export function randomOf(seed: number) {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }
  /** A whole number from `from`, included, to `to`, excluded. */
  const between = (from: number, to: number) => from + Math.floor(next() * (to - from));
  const chance = (probability: number) => next() < probability;
  function pick<T>(all: readonly T[]): T {
    if (all.length === 0) throw new Error('nothing to pick from');
    return all[between(0, all.length)] as T;
  }
  /** Some of them, in their order. */
  const some = <T>(all: readonly T[], probability = 0.5): T[] => all.filter(() => chance(probability));
  const hex = (digits: number) => Array.from({ length: digits }, () => between(0, 16).toString(16)).join('');
  const uuid = () => [hex(8), hex(4), `4${hex(3)}`, `8${hex(3)}`, hex(12)].join('-');
  return { next, between, chance, pick, some, hex, uuid };
}
export type Random = ReturnType<typeof randomOf>;
