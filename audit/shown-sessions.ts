import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';

/** A session of this database, as far as this login may see it. */
export interface ShownSession {
  readonly pid: number;
  readonly login: string | null;
  /** Null where it comes over a socket of the machine, and for logins that may not see it. */
  readonly address: string | null;
  /** What it does, such as `signer leads`. Any login can call itself so: it is for people, and decides nothing. */
  readonly does: string;
}

const prefix = 'countersign ';

/** Shows in pg_stat_activity what this session does: every login may read the name there. */
export async function showAs(db: Queryable, does: string): Promise<void> {
  await db.query(`select set_config('application_name', $1, false)`, [prefix + does]);
}

/** The session that leads; null where none says so, such as one of an earlier version. */
export async function findLeader(db: Queryable, name: 'sequencer' | 'signer'): Promise<ShownSession | null> {
  return (await sessionsShown(db, `${name} leads`))[0] ?? null;
}

/** The sessions of signers that lead or refuse, the leading ones first. @throws CountersignError `log_unavailable` */
export function shownSigners(db: Queryable): Promise<ShownSession[]> {
  return sessionsShown(db, 'signer ');
}

async function sessionsShown(db: Queryable, does: string): Promise<ShownSession[]> {
  try {
    const { rows } = await db.query<ShownSession>(
      `select pid, usename as login, host(client_addr) as address, substr(application_name, length($1) + 1) as does
         from pg_stat_activity
        where datname = current_database() and starts_with(application_name, $1 || $2)
        order by application_name, pid`,
      [prefix, does],
    );
    return rows;
  } catch (error) {
    throw asLogError(error);
  }
}

/** A session in words. */
export function sessionText({ does, login, address, pid }: ShownSession): string {
  const from = address === null ? '' : ` from ${address}`;
  return `${does}: login ${login ?? 'unknown'}${from}, Postgres process ${pid}`;
}
