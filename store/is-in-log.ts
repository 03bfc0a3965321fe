/**
 * SQL: whether an entry is, or will be, in the tree. A row among the entries alone is nobody's word.
 * @param entry - the alias of a row of `audit.entry`
 */
export function isInLog(entry: string): string {
  return `(exists (select from audit.leaf where entry_id = ${entry}.id)
    or exists (select from audit.pending where entry_id = ${entry}.id))`;
}
