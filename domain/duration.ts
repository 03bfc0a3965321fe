/** A length of time as people write it: a whole number and `s`, `m`, `h` or `d`, such as `30m`, `24h`, `7d`. */
export const durationPattern = /^[1-9][0-9]{0,5}(s|m|h|d)$/;

const unitMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 } as const;

/** The length in ms. @param text - as {@link durationPattern} says */
export function durationMs(text: string): number {
  return Number(text.slice(0, -1)) * unitMs[text.slice(-1) as keyof typeof unitMs];
}

/** A length as it is written: in the largest unit that fits, one day as `24h`. @param ms - whole seconds */
export function durationText(ms: number): string {
  const [unit, size] = Object.entries(unitMs).find(([, of]) => ms % of === 0) ?? ['s', unitMs.s];
  return ms === unitMs.d ? '24h' : `${ms / size}${unit}`;
}

/** The longest time that a change may have: its clocks lie at most so far ahead, ms. */
export const longestMs = 366 * unitMs.d;
