import type { EntryBody } from '../../domain/entry.ts';
import type { Coverage } from '../pack/manifest.ts';

/**
 * Whether a pack reports what an entry of it says: one of a change reports its own entries, what became of the log, and of the
 * calendar files that may have held it.
 */
export function isReportedIn(covers: Coverage, { type, changeId }: EntryBody): boolean {
  return (
    covers.kind === 'range' ||
    changeId === covers.changeId ||
    /^(key|statement_key|log|calendar)\./.test(type)
  );
}
