import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { keepSession } from '../../audit/session.ts';
import { checkPooling } from '../../store/check-pooling.ts';
import { claimCalls } from '../../store/claim-calls.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { makePool } from '../../store/pool.ts';
import { sessionSettings } from '../../store/session-settings.ts';
import { draft } from '../audit/entry-fixture.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { pgbouncerBinary, startPgBouncer } from '../support/pgbouncer.ts';
import type { PgBouncer } from '../support/pgbouncer.ts';

const missing = pgbouncerBinary === null ? ' (skipped: no pgbouncer here, apt-get install pgbouncer)' : '';

let database: TestDatabase;
let ends: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  database = await cloneDatabase();
});
afterAll(() => database.drop());
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});

async function bouncer(mode: 'session' | 'transaction' | 'statement'): Promise<PgBouncer> {
  const started = await startPgBouncer([database.url('worker'), database.url('api')], mode);
  ends.push(() => started.stop());
  return started;
}
function pool(url: string) {
  const made = makePool({ connectionString: url, applicationName: 'test', max: 4 });
  ends.push(() => made.end());
  return made;
}

test('without a pooler nothing is refused', async () => {
  await checkPooling(pool(database.url('worker')));
});

describe.skipIf(pgbouncerBinary === null)(`through PgBouncer${missing}`, () => {
  test('in session mode all that was promised holds, and holds for each client of a server’s connection', async () => {
    const through = (await bouncer('session')).through(database.url('worker'));
    await checkPooling(pool(through));
    for (let n = 0; n < 3; n++) {
      const made = makePool({ connectionString: through, applicationName: 'test', max: 2 });
      const { rows } = await made.query<{ name: string; value: string }>(
        'select name, current_setting(name) as value from unnest($1::text[]) as s (name)',
        [Object.keys(sessionSettings)],
      );
      expect(Object.fromEntries(rows.map(({ name, value }) => [name, value]))).toEqual(sessionSettings);
      await made.end();
    }
  });

  test('in session mode the server’s own limits cut what takes too long', async () => {
    const made = pool((await bouncer('session')).through(database.url('worker')));
    await expect(
      inTransaction(made, async (client) => {
        await client.query(`set local statement_timeout = '50ms'`);
        await client.query('select pg_sleep(5)');
      }),
    ).rejects.toMatchObject({ code: '57014' });
    const [holder, waiter] = [await made.connect(), await made.connect()];
    try {
      await claimCalls(holder, { account: 'held', count: 1, intervalMicros: 1 });
      await holder.query('begin');
      await claimCalls(holder, { account: 'held', count: 1, intervalMicros: 1 });
      await waiter.query(`set lock_timeout = '50ms'`);
      await expect(
        claimCalls(waiter, { account: 'held', count: 1, intervalMicros: 1 }),
      ).rejects.toMatchObject({ code: '55P03' });
    } finally {
      holder.release(true);
      waiter.release(true);
    }
  });

  test('in session mode the log takes entries, and whoever listens hears', async () => {
    const made = pool((await bouncer('session')).through(database.url('worker')));
    const heard: string[] = [];
    let listening: () => void = () => undefined;
    const isListening = new Promise<void>((resolve) => (listening = resolve));
    const session = keepSession({
      pool: made,
      name: 'test',
      async work(client, ended) {
        client.on('notification', ({ payload }) => heard.push(payload ?? ''));
        await client.query('listen countersign_test');
        listening();
        await new Promise((resolve) => ended.addEventListener('abort', resolve, { once: true }));
      },
    });
    ends.push(() => session.stop());
    await isListening;
    const entry = draft();
    expect(await appendEntry(made, entry)).toEqual({ created: true });
    expect(await appendEntry(made, entry)).toEqual({ created: false });
    const word = randomUUID();
    await made.query(`select pg_notify('countersign_test', $1)`, [word]);
    await expect.poll(() => heard).toEqual([word]);
  });

  test.each(['transaction', 'statement'] as const)('in %s mode it is refused, and said why', async (mode) => {
    const made = pool((await bouncer(mode)).through(database.url('worker')));
    await expect(checkPooling(made)).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('pool_mode = session') as string,
    });
  });
});
