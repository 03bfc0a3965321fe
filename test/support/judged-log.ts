import { readSealed } from '../../audit/pack/read-sealed.ts';
import type { Coverage } from '../../audit/pack/manifest.ts';
import { collectFindings } from '../../audit/verify/finding.ts';
import { judgeEntries } from '../../audit/verify/judge-entries.ts';
import { readEntry } from '../../audit/verify/read-entry.ts';
import { makePool } from '../../store/pool.ts';
import type { Testbed } from './service.ts';

/**
 * What a verifier finds in a testbed's whole log, and in the pack of each of its changes, which are told of as
 * `<change id>: <code>@<index>`.
 */
export async function findingsInLog({ database }: Pick<Testbed, 'database'>): Promise<string[]> {
  const pool = makePool({ connectionString: database.url('reader'), applicationName: 'test judge', max: 2 });
  async function findingsIn(covers: Coverage, size: number): Promise<string[]> {
    const findings = collectFindings();
    const only = covers.kind === 'change' ? covers.changeId : null;
    const judge = judgeEntries({ findings, whole: true, verifyStatement: null, policies: null, only });
    for await (const { index, bytes } of readSealed(pool, covers, size)) {
      const entry = readEntry(bytes);
      if (typeof entry === 'string') throw new Error(`entry ${index} is none: ${entry}`);
      judge.add(index, entry);
    }
    await judge.end();
    return findings.kept.map(({ kind, code, index, message }) => `${code ?? kind}@${index}: ${message}`);
  }
  try {
    const { rows } = await pool.query<{ size: string }>('select size from audit.head');
    const size = Number(rows[0]?.size);
    const changes = await pool.query<{ id: string }>(
      `select distinct change_id as id from audit.entry where type = 'change.requested'`,
    );
    const found = await findingsIn({ kind: 'range', from: 0, to: size }, size);
    for (const { id } of changes.rows) {
      const ofChange = await findingsIn({ kind: 'change', changeId: id }, size);
      found.push(...ofChange.map((one) => `${id}: ${one}`));
    }
    return found;
  } finally {
    await pool.end();
  }
}
