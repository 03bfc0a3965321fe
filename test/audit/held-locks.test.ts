import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { startSequencer } from '../../audit/sequencer.ts';
import { makePool } from '../../store/pool.ts';
import { eventually } from '../support/service.ts';
import { draft } from './entry-fixture.ts';
import { signerTestbed } from './signer-testbed.ts';
import type { SignerTestbed } from './signer-testbed.ts';

/** A session of the reader's login, which may do nothing but read. */
async function stranger(testbed: SignerTestbed): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: testbed.database.url('reader') });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

async function sealsSoon(testbed: SignerTestbed): Promise<number> {
  const began = performance.now();
  await appendEntry(testbed.worker, draft('attempt.started'));
  await eventually(async () => {
    const { rows } = await testbed.superuser.query<{ open: string }>(
      `select (select count(*) from audit.entry) - coalesce((select max(size) from audit.checkpoint), 0) as open`,
    );
    return Number(rows[0]?.open) === 0 ? true : null;
  });
  return performance.now() - began;
}

test.each(['pg_advisory_lock', 'pg_advisory_lock_shared'])(
  'a login that holds every name by %s holds up nothing',
  async (lock) => {
    const testbed = await signerTestbed();
    const client = await stranger(testbed);
    for (const name of ['signer', 'sequencer', 'sequencer asleep', 'publish']) {
      await client.query(`select ${lock}(hashtext('countersign'), hashtext($1))`, [name]);
    }
    testbed.signer();
    const sequencer = startSequencer({ pool: testbed.signerPool });
    onTestFinished(() => sequencer.stop());
    await sealsSoon(testbed);
    for (let n = 0; n < 3; n += 1) expect(await sealsSoon(testbed)).toBeLessThan(5_000);
  },
);

test('whoever takes the leader’s own key, before or after its end, does not lead and keeps nobody from it', async () => {
  const testbed = await signerTestbed();
  const client = await stranger(testbed);
  const first = testbed.signer();
  const sequencer = startSequencer({ pool: testbed.signerPool });
  onTestFinished(() => sequencer.stop());
  await sealsSoon(testbed);
  const { rows } = await testbed.superuser.query<{ name: string; key: string }>(
    'select name, lock_key::text as key from countersign.leader',
  );
  expect(rows.map(({ name }) => name).sort()).toEqual(['sequencer', 'signer']);
  // Waits for the leader's end, and has the lock then.
  const taking = rows.map(async ({ key }) =>
    (await stranger(testbed)).query('select pg_advisory_lock($1)', [key]),
  );
  await testbed.endLeading();
  await sequencer.stop();
  await first.stop();
  await Promise.all(taking);
  await client.query('select pg_try_advisory_lock_shared(1)');
  const next = startSequencer({ pool: testbed.signerPool });
  onTestFinished(() => next.stop());
  testbed.signer();
  expect(await sealsSoon(testbed)).toBeLessThan(5_000);
});

test('only the signer’s login may lead, two do not at once, and a session’s end frees it', async () => {
  const testbed = await signerTestbed();
  for (const role of ['api', 'worker', 'reader'] as const) {
    const pool = makePool({ connectionString: testbed.database.url(role), applicationName: 'test' });
    await expect(pool.query(`select audit.lead('signer')`)).rejects.toMatchObject({ code: '42501' });
    await expect(pool.query(`select from countersign.leader`)).rejects.toMatchObject({ code: '42501' });
    await expect(
      pool.query('begin; lock table audit.checkpoint in row exclusive mode; commit'),
    ).rejects.toMatchObject({ code: '42501' });
    await pool.end();
  }
  const clients = await Promise.all([1, 2, 3, 4].map(() => testbed.signerPool.connect()));
  const lead = async (client: pg.ClientBase): Promise<boolean> =>
    (await client.query<{ leads: boolean }>(`select audit.lead('signer') as leads`)).rows[0]?.leads === true;
  const led = await Promise.all(clients.map(lead));
  expect(led.filter(Boolean)).toHaveLength(1);
  const leader = clients[led.indexOf(true)] as pg.PoolClient;
  expect(await lead(leader)).toBe(true);
  leader.release(true);
  const others = clients.filter((client) => client !== leader);
  await eventually(async () =>
    (await Promise.all(others.map(lead))).filter(Boolean).length === 1 ? true : null,
  );
  for (const client of others) client.release(true);
});
