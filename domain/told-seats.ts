import type { MissingSeats } from './change.ts';

/** Most bytes that an entry tells of free seats. */
const mostBytes = 8192;

/**
 * Free seats as an entry tells them, from the first on as many as it has room for. Which there are follows from the policy
 * and the decisions: a policy may ask for more groups than an entry could name.
 */
export function toldSeats(
  missing: readonly MissingSeats[],
): Pick<MissingSeats, 'stage' | 'group' | 'seats'>[] {
  const encoder = new TextEncoder();
  let bytes = 0;
  const told = missing.map(({ stage, group, seats }) => ({ stage, group, seats }));
  return told.filter((seats) => (bytes += encoder.encode(JSON.stringify(seats)).length) <= mostBytes);
}
