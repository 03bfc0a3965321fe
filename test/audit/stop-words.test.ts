import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { listStopWords } from '../../audit/stop-words.ts';
import { standingOf } from '../../domain/stop.ts';
import { makePool } from '../../store/pool.ts';
import { cloneDatabase } from '../support/database.ts';

test('a copy of an earlier word, put behind a later one, says nothing', async () => {
  const database = await cloneDatabase();
  const pool = makePool({ connectionString: database.url('api'), applicationName: 'test' });
  const changeId = randomUUID();
  const say = (action: 'pause' | 'resume', ordinal: number, signature: string) => {
    const type = action === 'pause' ? ('stop.requested' as const) : ('stop.lifted' as const);
    return appendEntry(pool, {
      key: `ns/change-${changeId}/${type}/${ordinal}`,
      body: {
        ...{ v: 1, type, time: '2026-11-24T09:00:00.000Z', changeId, actor: { process: 'api' } },
        ...{ operation: null, target: null, source: null, stop: { ordinal } },
        statement: { kind: 'execution', action },
        signature: { keyId: 'key', value: signature },
      },
    });
  };
  await say('pause', 1, 'a');
  await say('resume', 2, 'b');
  await say('pause', 3, 'c');
  await say('resume', 4, 'b');
  const words = await listStopWords(pool, changeId);
  expect(words.map(({ word, request }) => [word, request.ordinal])).toEqual([
    ['pause', 1],
    ['resume', 2],
    ['pause', 3],
  ]);
  expect(standingOf(words.map(({ word }) => word))).toBe('paused');
  await pool.end();
  await database.drop();
});
