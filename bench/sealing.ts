import pg from 'pg';
import { appendEntry } from '../audit/append.ts';
import { sampleDraft } from './log-entries.ts';
import type { LogDatabase } from './log-testbed.ts';
import { percentile, rounded } from './measure.ts';

/** From the answer of an append until a checkpoint has the entry, at so many appends a second; a signer must run. */
export async function benchSealing(database: LogDatabase, aSecond: number, seconds: number): Promise<object> {
  const listener = new pg.Client({ connectionString: database.urls.reader });
  await listener.connect();
  const sealed: { size: number; at: number }[] = [];
  listener.on('notification', ({ payload }) => {
    sealed.push({ size: Number(payload), at: performance.now() });
  });
  await listener.query('listen countersign_sealed');
  const appended = new Map<string, number>();
  const running: Promise<void>[] = [];
  const began = performance.now();
  let begun = 0;
  while (performance.now() - began < seconds * 1000) {
    // At the times of a clock, however long the last ones take.
    for (const due = ((performance.now() - began) / 1000) * aSecond; begun < due; begun += 1) {
      const draft = sampleDraft();
      running.push(
        appendEntry(database.worker, draft).then(() => void appended.set(draft.key, performance.now())),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all(running);
  const took = (performance.now() - began) / 1000;
  const { rows } = await database.reader.query<{ key: string; id: string }>(
    'select event_key as key, id from audit.entry where event_key = any($1)',
    [[...appended.keys()]],
  );
  for (let last = 0; last < rows.length;) {
    const { rows: placed } = await database.reader.query<{ size: number }>(
      `select count(*)::int as size from audit.leaf l join audit.checkpoint c on c.size = (select max(size) from audit.checkpoint)
        where l.index < c.size and l.entry_id = any($1)`,
      [rows.map((row) => row.id)],
    );
    last = placed[0]?.size ?? 0;
    if (performance.now() - began > (seconds + 120) * 1000) throw new Error('not everything was sealed');
  }
  const { rows: indexes } = await database.reader.query<{ key: string; index: string }>(
    `select e.event_key as key, l.index from audit.leaf l join audit.entry e on e.id = l.entry_id where e.event_key = any($1)`,
    [[...appended.keys()]],
  );
  await listener.end();
  const waits = indexes.map(({ key, index }) => {
    const seal = sealed.find(({ size }) => size > Number(index));
    return (seal?.at ?? NaN) - (appended.get(key) ?? NaN);
  });
  return {
    appendsPerSecond: rounded(begun / took),
    wanted: rounded(aSecond),
    checkpoints: sealed.length,
    sealedMs: {
      count: waits.length,
      p50: rounded(percentile(waits, 50)),
      p99: rounded(percentile(waits, 99)),
      max: rounded(Math.max(...waits)),
    },
  };
}
