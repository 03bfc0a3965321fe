import { CountersignError } from '../domain/error.ts';
import { newStatement } from '../domain/statement.ts';
import { isoTime } from '../domain/time.ts';
import { listChangesUnderRevoked } from '../store/list-changes-under-revoked.ts';
import type { ApiDependencies } from './dependencies.ts';

/**
 * Ends open changes whose policy was revoked, in the name of the admin who revoked it. The next run of this function finds
 * the changes that it could not end now: Postgres keeps the revocation, and a change that is told twice ends once.
 *
 * @returns how many took it
 */
export async function endRevoked(
  deps: Pick<ApiDependencies, 'db' | 'engine' | 'signer' | 'log' | 'now'>,
): Promise<number> {
  const { db, engine, signer, log, now = Date.now } = deps;
  let told = 0;
  for (const { change, revocation } of await listChangesUnderRevoked(db)) {
    try {
      const { comment, revokedBy } = revocation;
      const said = { kind: 'revocation', action: 'revoke', comment } as const;
      const signed = signer.sign(newStatement(said, change, revokedBy, isoTime(now())));
      await engine.send({ signed, source: null });
      told += 1;
    } catch (error) {
      // A change that has just ended needs no word, and any other is told again later. The next changes must not wait for this one.
      if (error instanceof CountersignError && error.code === 'change_closed') continue;
      log.warn({ err: error, changeId: change.id }, 'a change under a revoked policy could not be ended yet');
    }
  }
  return told;
}
