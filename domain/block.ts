/** Why the gate blocks an approved change now. A gate blocks; a change closes. */
export interface Block {
  /**
   * Outside of its windows, in a freeze, under a policy that an admin has revoked (then it waits for its end), or under a
   * ticket that is not as its policy asks, or that cannot be read.
   */
  readonly kind: 'window' | 'freeze' | 'revocation' | 'ticket';
  /** For people: the freeze's reason, that no window is open, why the policy was revoked, or what is wrong with the ticket. */
  readonly reason: string;
  /** ISO 8601: when this passes by itself; null when it does not. */
  readonly until: string | null;
  /** The freeze's id, for its lifting or an override; null for anything else. */
  readonly freezeId: string | null;
}

/** Whether two blocks tell people the same. */
export function isSameBlock(a: Block, b: Block): boolean {
  return a.kind === b.kind && a.freezeId === b.freezeId && a.until === b.until && a.reason === b.reason;
}

const second = 1000;
/** Whoever mends a ticket, or a ticket system that was away, waits for the call. */
const longestForTicket = 15 * second;

/**
 * How long to wait before a gate that blocks is asked again, ms: until the block ends, but at least 1 s and at most
 * `longest`, since a freeze may be lifted and another one declared; 15 s for a ticket, of whose mending nobody tells.
 */
export function askAgainMs({ kind, until }: Block, now: number, longest = 60 * second): number {
  const most = kind === 'ticket' ? Math.min(longest, longestForTicket) : longest;
  const wait = until === null ? most : Date.parse(until) - now;
  return Math.min(Math.max(wait, second), most);
}
