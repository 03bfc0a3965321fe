import { randomUUID } from 'node:crypto';
import { sequencePending } from '../audit/sequence-pending.ts';
import type { EntryDraft } from '../domain/entry.ts';
import type { LogDatabase } from './log-testbed.ts';

/** An entry like that of an attempt, some 1,100 bytes long. */
export function sampleDraft(): EntryDraft {
  const changeId = randomUUID();
  return {
    key: `default/change-${changeId}/attempt.started/1/1`,
    body: {
      v: 1,
      type: 'attempt.started',
      time: '2026-11-24T09:00:00.000Z',
      changeId,
      actor: { process: 'worker' },
      operation: 'ActiveCaCertificate',
      target: `cn-hangzhou/post-cn-bench0001/${changeId}`,
      ticket: { system: 'jira', id: 'OPS-4711', url: 'https://tickets.example.com/browse/OPS-4711' },
      policy: { name: 'default', version: 1, digest: `sha256:${'5'.repeat(64)}` },
      digest: `sha256:${'7'.repeat(64)}`,
      round: 1,
      temporal: {
        namespace: 'default',
        workflowId: `change-${changeId}`,
        runId: randomUUID(),
        activityId: '7',
        attempt: 1,
      },
      attempt: { ordinal: 1, class: null, httpStatus: null, code: null, requestId: null },
      note: 'x'.repeat(200),
    },
  };
}

/** Fills a log up to so many sequenced entries, each appended as any other, many in a transaction. */
export async function fillLog(database: LogDatabase, size: number): Promise<void> {
  const text = JSON.stringify(sampleDraft().body);
  const { rows } = await database.reader.query<{ size: string }>('select size from audit.head');
  let have = Number(rows[0]?.size);
  while (have < size) {
    const count = Math.min(5000, size - have);
    await database.worker.query(
      `select count(audit.append('bench/' || n || '/attempt.started/1',
                convert_to(jsonb_set($1::jsonb, '{n}', to_jsonb(n))::text, 'UTF8')))
         from generate_series($2::int, $3::int) n`,
      [text, have, have + count - 1],
    );
    have += count;
    while ((await sequencePending(database.signer, 1000)) > 0);
  }
}

/** As autovacuum would have done long ago. */
export async function settle(database: LogDatabase): Promise<void> {
  for (const table of ['entry', 'pending', 'leaf', 'head', 'tile', 'checkpoint']) {
    await database.migrator.query(`vacuum (analyze) audit.${table}`);
  }
}
