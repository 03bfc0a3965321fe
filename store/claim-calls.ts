import type { Queryable } from './queryable.ts';

/** Which slots to reserve. */
export interface CallClaim {
  /** Whose rate it is: every process that calls for one vendor account names the same. */
  readonly account: string;
  /** How many slots. */
  readonly count: number;
  /** Microseconds from one slot to the next: 2000 for 500 calls a second. */
  readonly intervalMicros: number;
}

/**
 * Reserves the account's next `count` slots on the database's clock, the only one that all workers share. Slot i is
 * `i * intervalMicros` after the first. Run outside a transaction: the account's row is locked until the commit.
 *
 * @returns how many milliseconds from now the first slot is; 0 for at once
 */
export async function claimCalls(db: Queryable, claim: CallClaim): Promise<{ firstSlotDelayMs: number }> {
  const { rows } = await db.query<{ delay: number }>({
    name: 'claim-calls',
    text: `insert into countersign.call_pace as pace (account, next_at)
     values ($1, clock_timestamp() + $2::float8 * interval '1 microsecond')
     on conflict (account) do update
       set next_at = greatest(pace.next_at, clock_timestamp()) + $2::float8 * interval '1 microsecond'
     returning (extract(epoch from pace.next_at - clock_timestamp()) * 1000
                - $2::float8 / 1000)::float8 as delay`,
    values: [claim.account, claim.count * claim.intervalMicros],
  });
  return { firstSlotDelayMs: Math.max(0, rows[0]?.delay ?? 0) };
}
