import { CountersignError } from '../domain/error.ts';
import { ownerFault } from '../domain/installation.ts';
import type { Owner } from '../domain/installation.ts';
import { getOwner } from './get-owner.ts';
import { insertOwner } from './insert-owner.ts';
import type { Queryable } from './queryable.ts';

/** Postgres has no such table, or no such schema. */
const missing = new Set(['42P01', '3F000']);

/**
 * Makes a database that is nobody's an installation's own, and refuses one that is another's. Asked for each connection: a
 * database that could not be reached at the start is not used unseen later.
 *
 * @param mayClaim - asked before a database that is nobody's is made this installation's, which stays; throws where it must not be
 * @throws CountersignError `invalid_configuration`; what `mayClaim` throws; errors of Postgres and of the connection as they are
 */
export async function claimDatabase(
  db: Queryable,
  own: Owner,
  mayClaim: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const owner = (await ownerOf(db)) ?? (await claimed(db, own, mayClaim));
  const fault = ownerFault(owner, own);
  if (fault !== null)
    throw new CountersignError(
      'invalid_configuration',
      `DATABASE_URL: ${fault}; how to give it to another: docs/installations.md`,
    );
}

async function claimed(db: Queryable, own: Owner, mayClaim: () => Promise<void>): Promise<Owner> {
  await mayClaim();
  await insertOwner(db, own);
  // Another process may have been first.
  return (await getOwner(db)) ?? own;
}

async function ownerOf(db: Queryable): Promise<Owner | null> {
  try {
    return await getOwner(db);
  } catch (error) {
    if (!missing.has((error as { code?: string }).code ?? '')) throw error;
    throw new CountersignError(
      'invalid_configuration',
      'DATABASE_URL: expected the schema of this version; run the migrations first',
      { cause: error },
    );
  }
}
