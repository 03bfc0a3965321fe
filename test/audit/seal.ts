import type { Pool } from 'pg';
import { formatCheckpoint } from '../../audit/checkpoint.ts';
import { rootOf } from '../../audit/merkle.ts';
import { readNoteSigner } from '../../audit/note-key.ts';
import { signatureLine, signNote } from '../../audit/note.ts';
import { publishCheckpoint, publishCosignature } from '../../audit/publish.ts';
import { makeTreeReader } from '../../audit/tree-reader.ts';
import { eventually } from '../support/service.ts';
import type { TestKeys } from './memory-log.ts';

/** Signs and publishes what the log has, once everything appended has its index; answers the checkpoint's size and note. */
export async function seal(signer: Pool, keys: TestKeys): Promise<{ size: number; note: string }> {
  const size = await eventually(async () => {
    const { rows } = await signer.query<{ size: string; pending: boolean }>(
      'select size, exists (select from audit.pending) as pending from audit.head',
    );
    return rows[0]?.pending === false && Number(rows[0].size) > 0 ? Number(rows[0].size) : null;
  });
  const root = await rootOf(size, makeTreeReader(signer));
  const text = formatCheckpoint({ origin: keys.origin, size, root });
  const note = signNote(text, [readNoteSigner(keys.log.privateKey)]);
  await publishCheckpoint(signer, { size, root, note });
  const witness = readNoteSigner(keys.witness.privateKey);
  const cosignedAt = new Date(Math.floor(Date.now() / 1000) * 1000);
  const line = signatureLine(text, witness, cosignedAt.getTime());
  await publishCosignature(signer, { size, witness: witness.name, cosignedAt, line: line.trimEnd() });
  return { size, note };
}
