/**
 * SQLSTATEs after which the same statement may succeed, on this server or on the one that takes its place: class 08
 * (connection), 40 (rollback), 53 (resources), 57 (operator), 58 (system, such as 58030, a disk that cannot be read); 55000 (the
 * server is in no state for it, such as a database that takes no connections), 55P03 (a lock was not had), 25006 (read-only: a
 * standby, or set so), 25P03 and 25P04 (idle or transaction time-out), class 28 (who is not let in, such as in the middle of a
 * change of passwords), 3D000 (no such database, such as in the middle of a restore).
 */
const passing = /^(?:(?:08|28|40|53|57|58)...|55000|55P03|25006|25P03|25P04|3D000)$/;

/** What Node says of a connection that could not be had, or was lost. */
const lostConnection =
  /^(?:ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN)$/;

/** The words of the driver `pg` for the same; it gives no code. */
const lostWords =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout|connection error and is not queryable|Client was closed|after calling end on the pool/;

/** The SQLSTATE that Postgres answered, or null where the error, and what it came of, is none of Postgres'. */
export function sqlStateOf(error: unknown): string | null {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !lostConnection.test(code)) return code;
  }
  return null;
}

/** Whether an error says that Postgres cannot be used now, and that the same call later may succeed. The one place that decides it. */
export function isUnavailable(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state !== null) return passing.test(state);
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return (typeof code === 'string' && lostConnection.test(code)) || lostWords.test(error.message);
}

/** Whether a connection leads to a server that takes no writes: another connection may lead to the one that does. */
export function isReadOnly(error: unknown): boolean {
  return sqlStateOf(error) === '25006';
}
