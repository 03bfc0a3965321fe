/** What keeps an approved change from running now. */
export interface Closure {
  /** Outside of its windows, or in a freeze. */
  readonly kind: 'window' | 'freeze';
  /** For people: the freeze's reason, or that no window is open. */
  readonly reason: string;
  /** ISO 8601: when this passes by itself; null when it does not. */
  readonly until: string | null;
  /** The freeze's id, for its lifting or an override; null for a window. */
  readonly freezeId: string | null;
}

const second = 1000;

/**
 * How long to wait before a closed gate is asked again, ms: until it opens, but at least 1 s and at most `longest`, since
 * a freeze may be lifted and another one declared.
 */
export function askAgainMs({ until }: Closure, now: number, longest = 60 * second): number {
  const wait = until === null ? longest : Date.parse(until) - now;
  return Math.min(Math.max(wait, second), longest);
}
