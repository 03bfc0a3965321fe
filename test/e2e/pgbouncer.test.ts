import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { entriesOf, stepsOf } from '../support/steps.ts';
import { pgbouncerBinary, startPgBouncer } from '../support/pgbouncer.ts';
import type { PgBouncer } from '../support/pgbouncer.ts';
import { startProcess } from '../support/process.ts';
import { startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

const missing = pgbouncerBinary === null ? ' (skipped: no pgbouncer here, apt-get install pgbouncer)' : '';
const processes = ['api', 'worker', 'signer', 'reader'] as const;

describe.skipIf(pgbouncerBinary === null)(`every process by way of PgBouncer${missing}`, () => {
  let direct: TestDatabase;
  let bouncer: PgBouncer;
  let testbed: Testbed;

  beforeAll(async () => {
    direct = await cloneDatabase();
    const urls = processes.map((name) => direct.url(name));
    bouncer = await startPgBouncer(urls, 'session');
    const url: TestDatabase['url'] = (role) =>
      (processes as readonly string[]).includes(role) ? bouncer.through(direct.url(role)) : direct.url(role);
    testbed = await startTestbed({ database: { ...direct, url } });
  });
  afterAll(async () => {
    await testbed.stop();
    await bouncer.stop();
  });

  test('in session mode a change goes from POST to success, sealed', { timeout: 120_000 }, async () => {
    const [api, workers] = await Promise.all([startApi(testbed), startWorkers(testbed)]);
    try {
      const steps = stepsOf(api);
      const { id } = await steps.approved(await testbed.certificate());
      expect(await steps.ended(id)).toMatchObject({ executionStatus: 'succeeded' });
      expect((await entriesOf(api.users.dave, id)).at(-1)?.type).toBe('change.closed');
    } finally {
      await workers.stop();
      await api.stop();
    }
  });

  test.each(['api', 'worker'] as const)(
    'in transaction mode %s says so and does not start',
    { timeout: 120_000 },
    async (name) => {
      const other = await startPgBouncer([direct.url(name)], 'transaction');
      try {
        const started = startProcess(testbed, name, { DATABASE_URL: other.through(direct.url(name)) });
        await expect(started).rejects.toThrow(/ended \(4\)[^]*pool_mode = session/);
      } finally {
        await other.stop();
      }
    },
  );
});
