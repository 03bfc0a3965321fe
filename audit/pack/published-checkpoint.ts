import { parseCheckpoint } from '../checkpoint.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type { StoredCheckpoint } from '../checkpoints.ts';
import { splitNote } from '../note.ts';

/**
 * What a published checkpoint says, its signatures unchecked: whoever reads the pack checks them.
 * @throws CountersignError `malformed_evidence`
 */
export function openCheckpointOf({
  note,
}: Pick<StoredCheckpoint, 'note'>): Checkpoint & { readonly note: string } {
  return { ...parseCheckpoint(splitNote(note).text), note };
}
