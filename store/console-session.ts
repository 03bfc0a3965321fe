/** A person's session of the console, as it is kept: what it holds is sealed with a key that Postgres never sees. */
export interface StoredConsoleSession {
  /** SHA-256 of the id that the browser has. */
  readonly idHash: Uint8Array;
  readonly sealed: Uint8Array;
  /** ISO 8601, as all times of it. */
  readonly startedAt: string;
  /** When the person last did something, to the minute. */
  readonly usedAt: string;
  readonly endsAt: string;
}

export const consoleSessionColumns = 'id_hash, sealed, started_at, used_at, ends_at';

/** A row of {@link consoleSessionColumns}. */
export interface ConsoleSessionRow {
  readonly id_hash: Buffer;
  readonly sealed: Buffer;
  readonly started_at: Date;
  readonly used_at: Date;
  readonly ends_at: Date;
}

/** The session of a row. */
export function consoleSessionOf(row: ConsoleSessionRow): StoredConsoleSession {
  return {
    idHash: row.id_hash,
    sealed: row.sealed,
    startedAt: row.started_at.toISOString(),
    usedAt: row.used_at.toISOString(),
    endsAt: row.ends_at.toISOString(),
  };
}
