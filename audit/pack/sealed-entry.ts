import type { EntryBody } from '../../domain/entry.ts';
import type { EntryColumns } from '../columns.ts';

/** An entry that a checkpoint covers, as a pack's renderings see it. */
export interface SealedEntry {
  /** Its place in the log, from 0. */
  readonly index: number;
  readonly body: EntryBody;
  /** SHA-256(0x00 ‖ bytes), lower-case hex. */
  readonly leafHash: string;
  readonly columns: EntryColumns;
}
