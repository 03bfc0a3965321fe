/** A record: each value as the database has it, times as `YYYY-MM-DD HH:MM:SS` in UTC. */
export type Row = Record<string, string>;
