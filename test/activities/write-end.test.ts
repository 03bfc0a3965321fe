import { afterAll, beforeAll, expect, test } from 'vitest';
import type pg from 'pg';
import { writeEnd } from '../../activities/write-end.ts';
import type { Recording } from '../../activities/contract.ts';
import type { Change } from '../../domain/change.ts';
import { closed } from '../../domain/change-state.ts';
import { changeMembers, workerActor } from '../../domain/entry.ts';
import { isoTime } from '../../domain/time.ts';
import { getChange } from '../../store/get-change.ts';
import { insertOpenTarget } from '../../store/insert-open-target.ts';
import { makePool } from '../../store/pool.ts';
import { saveChange } from '../../store/save-change.ts';
import { change } from '../store/change-fixture.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = makePool({ connectionString: database.url('worker'), applicationName: 'test', max: 20 });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** How the change ends, and the entry that tells of it, as workflow code makes them at a moment (ms). */
function ending(open: Change, code: string, at: number): Recording {
  const end = closed(open, { decisionStatus: 'withdrawn', outcome: { code, message: code } }, at);
  const { decisionStatus, executionStatus, outcome } = end;
  const body = {
    v: 1,
    type: 'change.closed',
    time: isoTime(at),
    actor: workerActor,
    ...changeMembers(end),
    decisionStatus,
    executionStatus,
    outcome: { ...outcome },
  } as const;
  return { change: end, entries: [{ key: `test/change-${open.id}/change.closed/1`, body }] };
}

async function opened(): Promise<Change> {
  const open = change();
  await saveChange(pool, open);
  await insertOpenTarget(pool, { targetId: open.target.id, changeId: open.id });
  return open;
}

const writtenEnd = (recording: ReturnType<typeof ending>) =>
  writeEnd(pool, recording.change.id, () => recording);

async function entriesOf({ id }: Change): Promise<number> {
  const { rowCount } = await pool.query('select from audit.entry where change_id = $1', [id]);
  return rowCount ?? 0;
}

test('delivered again with a later time, at once and afterwards: one end, the first, and everybody is told of it', async () => {
  const open = await opened();
  const at = Date.now();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => writtenEnd(ending(open, 'withdrawn', at + i))),
  );
  expect(answers.filter((kept) => kept === null)).toHaveLength(1);
  const kept = await getChange(pool, open.id);
  expect(kept?.closedAt).not.toBeNull();
  expect(await writtenEnd(ending(open, 'withdrawn', at + 60_000))).toEqual(kept);
  expect(new Set(answers.map((answer) => answer?.closedAt ?? kept?.closedAt)).size).toBe(1);
  expect(await entriesOf(open)).toBe(1);
});

test('another end is a conflict, and nothing is written', async () => {
  const open = await opened();
  await writtenEnd(ending(open, 'withdrawn', Date.now()));
  const kept = await getChange(pool, open.id);
  await expect(writtenEnd(ending(open, 'taken_over', Date.now()))).rejects.toMatchObject({
    code: 'integrity_conflict',
  });
  expect(await getChange(pool, open.id)).toEqual(kept);
  expect(await entriesOf(open)).toBe(1);
});
