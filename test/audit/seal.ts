import type { Pool } from 'pg';
import { latestCheckpoint } from '../../audit/checkpoints.ts';
import { formatCheckpoint } from '../../audit/checkpoint.ts';
import { rootOf } from '../../audit/merkle.ts';
import { readNoteSigner } from '../../audit/note-key.ts';
import { signatureLine, signNote } from '../../audit/note.ts';
import { publishCheckpoint, publishCosignature } from '../../audit/publish.ts';
import { startSequencer } from '../../audit/sequencer.ts';
import { makeTreeReader } from '../../audit/tree-reader.ts';
import { makePool } from '../../store/pool.ts';
import { eventually } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import type { TestKeys } from './memory-log.ts';

/** The log of a testbed under keys of a test's own, with a witness: the testbed's own signer is stopped. */
export async function takeOverLog(testbed: Testbed, keys: TestKeys) {
  await testbed.stopLog();
  const pool = makePool({ connectionString: testbed.database.url('signer'), applicationName: 'test signer' });
  const sequencer = startSequencer({ pool });
  return {
    seal: () => seal(pool, keys),
    async stop(): Promise<void> {
      await sequencer.stop();
      await pool.end();
    },
  };
}

/** The newest checkpoint of the testbed's own signer, once it covers everything that was appended. */
export async function untilSealed(pool: Pool): Promise<string> {
  return eventually(async () => {
    const size = await sequenced(pool);
    const checkpoint = await latestCheckpoint(pool);
    return checkpoint !== null && checkpoint.size === size ? checkpoint.note : null;
  });
}

async function sequenced(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query<{ size: string; pending: boolean }>(
    'select size, exists (select from audit.pending) as pending from audit.head',
  );
  return rows[0]?.pending === false && Number(rows[0].size) > 0 ? Number(rows[0].size) : null;
}

/** Signs, cosigns and publishes what the log has, once everything appended has its index. */
async function seal(signer: Pool, keys: TestKeys): Promise<{ size: number; note: string }> {
  const size = await eventually(() => sequenced(signer));
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
