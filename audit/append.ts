import { entryBytes } from '../domain/entry.ts';
import type { EntryDraft } from '../domain/entry.ts';
import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';

/**
 * Appends an entry, exactly once: the same key and body again is the same entry, `created` false. In a transaction it is
 * there with the rest of it; on a pool it is durable on return. It has no index before a sequencer gives it one.
 *
 * @throws CountersignError `integrity_conflict` when the key stands with other bytes, which no retry mends;
 * `invalid_configuration` when the type is not this process's own; `invalid_request` when the entry breaks a rule of
 * docs/audit-log.md; `log_unavailable` when Postgres gave no answer, after which the same call is safe
 */
export async function appendEntry(db: Queryable, draft: EntryDraft): Promise<{ created: boolean }> {
  const bytes = entryBytes(draft.body);
  try {
    const { rows } = await db.query<{ created: boolean }>({
      // Prepared once a connection: parsing takes as long as the rest of a repeated delivery.
      name: 'audit.append',
      text: 'select created from audit.append($1, $2)',
      values: [draft.key, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)],
    });
    return { created: rows[0]?.created === true };
  } catch (error) {
    throw asLogError(error);
  }
}
