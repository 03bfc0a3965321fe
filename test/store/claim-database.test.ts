import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import pg from 'pg';
import type { Pool } from 'pg';
import { pino } from 'pino';
import { asFailure } from '../../activities/failure.ts';
import { openDatabase } from '../../cli/database.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { CountersignError } from '../../domain/error.ts';
import type { Owner } from '../../domain/installation.ts';
import { claimDatabase } from '../../store/claim-database.ts';
import { getOwner } from '../../store/get-owner.ts';
import { makePool } from '../../store/pool.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

/* A database is one installation's, in one namespace: the first that starts says so. */

const own: Owner = { installation: 'payments', namespace: 'orders' };
const others: [what: string, owner: Owner][] = [
  ['another installation', { ...own, installation: 'countersign' }],
  ['another namespace', { ...own, namespace: 'default' }],
];
let database: TestDatabase;
let superuser: Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  superuser = makePool({ connectionString: database.url('superuser'), applicationName: 'test', max: 20 });
});
// As the documentation has it, for an installation that moves.
beforeEach(async () => {
  const owner = makePool({ connectionString: database.url('migrator'), applicationName: 'test', max: 1 });
  await owner.query('delete from countersign.installation');
  await owner.end();
});
afterAll(async () => {
  await superuser.end();
  await database.drop();
});

function open(
  role: 'api' | 'worker',
  owner: Owner,
  max = 2,
  mayClaim: () => Promise<void> = () => Promise.resolve(),
): Promise<Pool> {
  const env = readEnvironment({ DATABASE_URL: database.url(role) });
  return openDatabase(env, pino({ level: 'silent' }), { name: 'test', max, owner, mayClaim });
}

test('the first makes it its own, and comes again', async () => {
  for (const role of ['worker', 'api', 'worker'] as const) await (await open(role, own)).end();
  expect(await getOwner(superuser)).toEqual(own);
});

test.each(others)('%s does not start on it, and hears whose it is', async (_what, other) => {
  await (await open('api', own)).end();
  for (const role of ['api', 'worker'] as const) {
    const refused = open(role, other);
    await expect(refused).rejects.toMatchObject({ code: 'invalid_configuration' });
    await expect(refused).rejects.toThrow('belongs to installation payments in namespace orders');
  }
  expect(await getOwner(superuser)).toEqual(own);
});

test('one that Temporal does not know makes no database its own, and does not start', async () => {
  const unknown = new CountersignError('invalid_configuration', 'TEMPORAL_NAMESPACE: no such namespace');
  await expect(open('api', own, 2, () => Promise.reject(unknown))).rejects.toBe(unknown);
  expect(await getOwner(superuser)).toBeNull();
});

test('while Temporal does not say, a database that is nobody’s stays so and is waited for', async () => {
  let away: CountersignError | null = new CountersignError('engine_unavailable', 'TEMPORAL_ADDRESS: nobody');
  let asked = 0;
  const mayClaim = (): Promise<void> => {
    asked += 1;
    return away === null ? Promise.resolve() : Promise.reject(away);
  };
  const pool = await open('api', own, 3, mayClaim);
  await expect(pool.connect()).rejects.toMatchObject({ code: 'log_unavailable' });
  expect(await getOwner(superuser)).toBeNull();
  away = null;
  (await pool.connect()).release();
  expect(await getOwner(superuser)).toEqual(own);
  // Whose it is already needs no word of Temporal's.
  const before = asked;
  const other = await open('worker', own, 2, mayClaim);
  (await other.connect()).release();
  expect(asked).toBe(before);
  await Promise.all([pool.end(), other.end()]);
});

test('of many that come at once one has it', async () => {
  const all = Array.from({ length: 20 }, (_, n) => ({ ...own, installation: `of-${n}` }));
  const results = await Promise.allSettled(all.map((one) => claimDatabase(superuser, one)));
  const winners = all.filter((_, n) => results[n]?.status === 'fulfilled');
  expect(winners).toEqual([await getOwner(superuser)]);
});

test.each([
  [
    'becomes another’s',
    `update countersign.installation set name = 'other'`,
    `update countersign.installation set name = '${own.installation}'`,
  ],
  [
    'is restored',
    'alter table countersign.installation rename to restoring',
    'alter table countersign.restoring rename to installation',
  ],
])('a database that %s is not used by a new connection, and waited for', async (_what, change, back) => {
  const pool = await open('worker', own, 3);
  await superuser.query(change);
  // Two were there before.
  const asked = await Promise.allSettled([pool.connect(), pool.connect(), pool.connect()]);
  for (const one of asked) if (one.status === 'fulfilled') one.value.release();
  const refused = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  expect(refused).toEqual([expect.objectContaining({ code: 'log_unavailable' })]);
  // An activity is repeated by that, so a change does not end.
  await expect(asFailure(() => Promise.reject(refused[0] as Error))).rejects.toMatchObject({
    ...{ type: 'log_unavailable', nonRetryable: false },
  });
  await superuser.query(back);
  const connections = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
  for (const connection of connections) connection.release();
  await pool.end();
});

test.each(['api', 'worker'] as const)('%s cannot change whose it is', async (role) => {
  await (await open('api', own)).end();
  const pool = makePool({ connectionString: database.url(role), applicationName: 'test' });
  for (const sql of [
    `update countersign.installation set name = 'mine'`,
    'delete from countersign.installation',
    'truncate countersign.installation',
  ])
    await expect(pool.query(sql)).rejects.toMatchObject({ code: '42501' });
  await expect(
    pool.query(`insert into countersign.installation (name, namespace) values ('mine', 'n')`),
  ).rejects.toMatchObject({ code: '23505' });
  await pool.end();
});

test('where the schema is an older one, it says so', async () => {
  const client = new pg.Client({ connectionString: database.url('superuser') });
  await client.connect();
  try {
    await client.query('begin');
    await client.query('drop table countersign.installation');
    await expect(claimDatabase(client as never, own)).rejects.toMatchObject({
      code: 'invalid_configuration',
    });
  } finally {
    await client.query('rollback');
    await client.end();
  }
});
