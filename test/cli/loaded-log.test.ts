import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDirectory } from '../../cli/directory.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { makeLoadedLog } from '../../cli/loaded-log.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { loadedEntry } from '../../domain/loaded-entries.ts';
import { makePool } from '../../store/pool.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { sha256 } from '../support/honest.ts';
import { eventually } from '../support/service.ts';
import { temporaryHome } from '../support/stack.ts';

/* What a worker has loaded is in the log: once, until it is something else. */

let database: TestDatabase;
let worker: pg.Pool;
let home: string;
const silent = pino({ level: 'silent' });

beforeAll(async () => {
  database = await cloneDatabase();
  worker = makePool({ connectionString: database.url('worker'), applicationName: 'test worker' });
  home = await temporaryHome();
});
afterAll(async () => {
  await worker.end();
  await database.drop();
  await rm(home, { recursive: true, force: true });
});

async function told(type: string): Promise<Record<string, unknown>[]> {
  const { rows } = await worker.query<{ body: Record<string, unknown> }>(
    `select convert_from(bytes, 'UTF8')::jsonb as body from audit.entry where type = $1 order by id`,
    [type],
  );
  return rows.map(({ body }) => body);
}
function untilTold(type: string, count: number) {
  return eventually(async () => {
    const bodies = await told(type);
    return bodies.length >= count ? bodies : null;
  });
}

const freeze = {
  ...{ id: 'year-end', operation: null, scope: { sn: 'a' }, reason: 'the books are closed' },
  ...{ startsAt: '2026-12-31T00:00:00.000Z', endsAt: '2027-01-02T00:00:00.000Z' },
};
const unsaid = { declaredBy: null, declaredAt: null, liftedBy: null, liftedAt: null };

test('policies, calendar and directory are told by digest, and again only when they are others', async () => {
  const { name, version, digest } = fourEyes;
  const hash = sha256('one');
  for (let start = 0; start < 2; start += 1) {
    const loaded = makeLoadedLog(silent);
    loaded.tell({ type: 'policies.loaded', sha256: null, policies: [fourEyes] });
    loaded.tell({ type: 'calendar.loaded', sha256: hash, freezes: [{ ...freeze, ...unsaid }] });
    loaded.tell({ type: 'directory.loaded', sha256: hash });
    expect(await told('directory.loaded')).toHaveLength(start);
    loaded.start(worker);
    await untilTold('directory.loaded', 1);
    loaded.stop();
  }
  expect(await told('policies.loaded')).toMatchObject([
    { actor: { process: 'worker' }, changeId: null, sha256: null, policies: [{ name, version, digest }] },
  ]);
  expect(await told('calendar.loaded')).toMatchObject([{ sha256: hash, freezes: [freeze] }]);
  const loaded = makeLoadedLog(silent);
  loaded.start(worker);
  loaded.tell({ type: 'directory.loaded', sha256: null });
  expect((await untilTold('directory.loaded', 2)).map((body) => body['sha256'])).toEqual([hash, null]);
  // What was before is news again.
  loaded.tell({ type: 'directory.loaded', sha256: hash });
  await untilTold('directory.loaded', 3);
  loaded.stop();
});

test('what cannot be written is written once the log takes it', async () => {
  const away = makePool({
    connectionString: 'postgres://nobody@127.0.0.1:1/none',
    applicationName: 'test away',
  });
  const loaded = makeLoadedLog(silent);
  loaded.tell({ type: 'calendar.loaded', sha256: sha256('two'), freezes: [] });
  loaded.start(away);
  await away.end();
  loaded.start(worker);
  expect((await untilTold('calendar.loaded', 2)).at(-1)).toMatchObject({ sha256: sha256('two') });
  loaded.stop();
});

test('a list that no entry can hold is null, and the hash of its file stands for it', () => {
  const freezes = Array.from({ length: 400 }, (_, i) => ({ ...freeze, ...unsaid, id: `freeze-${i}` }));
  const { body } = loadedEntry({ type: 'calendar.loaded', sha256: sha256('x'), freezes }, freeze.startsAt);
  expect(body).toMatchObject({ sha256: sha256('x'), freezes: null });
});

test('a directory is told at the start, and when its file has become another, without any name', async () => {
  const file = join(home, 'directory.yaml');
  const text = (subject: string) =>
    `groups:\n  security:\n    - { issuer: "https://id.example", subject: ${subject} }\n`;
  await writeFile(file, text('frank'));
  const hashes: (string | null)[] = [];
  const env = readEnvironment({ COUNTERSIGN_DIRECTORY: file });
  const { readDirectoryAgain } = await openDirectory(env, silent, (hash) => void hashes.push(hash));
  await readDirectoryAgain();
  await writeFile(file, text('carol'));
  await readDirectoryAgain();
  await writeFile(file, 'groups: [');
  await readDirectoryAgain().catch(() => undefined);
  expect(hashes).toEqual([sha256(text('frank')), sha256(text('carol'))]);
  process.removeAllListeners('SIGHUP');
});
