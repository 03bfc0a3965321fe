import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { examinePollers } from '../../cli/doctor-pollers.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { findStrangers, watchPollers } from '../../cli/pollers.ts';
import type { Stranger } from '../../cli/pollers.ts';
import { workerIdentity } from '../../domain/worker-identity.ts';
import { databaseId } from '../../store/database-id.ts';
import { makePool } from '../../store/pool.ts';
import { cloneDatabase } from '../support/database.ts';
import { startProcess } from '../support/process.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { eventually, startTestbed } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* Who else takes an installation's tasks, by real pollers. */

let testbed: Testbed;
beforeAll(async () => {
  testbed = await startTestbed();
});
afterAll(() => testbed.stop());
afterEach(() => vi.unstubAllEnvs());

function poolOf(url: string) {
  const pool = makePool({ connectionString: url, applicationName: 'test' });
  onTestFinished(() => pool.end());
  return pool;
}

/** Somebody's worker of activities, until the test ends. */
async function startStranger(taskQueue: string, identity?: string): Promise<void> {
  quietRuntime();
  const connection = await NativeConnection.connect({ address: testbed.temporalAddress });
  const worker = await Worker.create({
    ...{ connection, namespace: testbed.namespace, taskQueue },
    ...(identity === undefined ? {} : { identity }),
    activities: { other: () => Promise.resolve() },
  });
  const running = worker.run();
  onTestFinished(async () => {
    worker.shutdown();
    await running;
    await connection.close();
  });
}

test('ours are none, one of another database is bad, one that nobody knows is only told', async () => {
  const pool = poolOf(testbed.database.url('api'));
  const own = await databaseId(pool);
  expect(await databaseId(poolOf(testbed.database.url('worker')))).toBe(own);
  const elsewhere = await cloneDatabase();
  const others = makePool({ connectionString: elsewhere.url('worker'), applicationName: 'test' });
  const other = await databaseId(others);
  await others.end();
  await elsewhere.drop();
  expect(other).not.toBe(own);

  vi.stubEnv('TEMPORAL_ADDRESS', testbed.temporalAddress);
  vi.stubEnv('TEMPORAL_NAMESPACE', testbed.namespace);
  const env = readEnvironment({ DATABASE_URL: testbed.database.url('api') });
  const { connection, namespace } = testbed;
  const look = () => findStrangers({ connection, namespace, installation: 'countersign', databaseId: own });
  const worker = await startProcess(testbed, 'worker');
  onTestFinished(() => worker.stop());
  // From the other side the same worker is one of another database: it has asked by now.
  const ofOther = await eventually(async () => {
    const strangers = await findStrangers({
      ...{ connection, namespace, installation: 'countersign', databaseId: other },
    });
    return strangers !== null && strangers.length >= 2 ? strangers : null;
  });
  expect(new Set(ofOther.map(({ kind }) => kind))).toEqual(new Set(['of_another_database']));
  expect(await look()).toEqual([]);
  expect(await examinePollers(env, pool)).toMatchObject({ ok: true, remedy: '' });

  await startStranger('countersign');
  await eventually(async () => ((await look())?.length === 1 ? true : null));
  expect(await examinePollers(env, pool)).toMatchObject({
    ok: true,
    found: expect.stringContaining('a worker that is not known takes tasks of countersign: ') as string,
  });

  const identity = workerIdentity(other, '1@elsewhere');
  await startStranger('countersign-onsmqtt', identity);
  await eventually(async () => ((await look())?.length === 2 ? true : null));
  expect(await examinePollers(env, pool)).toMatchObject({
    ok: false,
    found: expect.stringContaining(
      `a worker of another database takes tasks of countersign-onsmqtt: ${identity}`,
    ) as string,
    remedy: expect.stringContaining('COUNTERSIGN_INSTALLATION') as string,
  });
});

test('where Temporal does not tell, nothing is said', async () => {
  const { connection } = testbed;
  const of = { connection, namespace: 'none', installation: 'countersign', databaseId: '0' };
  expect(await findStrangers(of)).toBeNull();
});

test('a stranger is a warning once, and an alarm when it is there again and of another database', async () => {
  const stranger: Stranger = { queue: 'q', identity: 'a', kind: 'of_another_database' };
  const unknown: Stranger = { queue: 'q', identity: 'b', kind: 'unknown' };
  const answers: (Stranger[] | null)[] = [[stranger, unknown], null, [stranger], [stranger, unknown], []];
  let looked = 0;
  const warnings: string[] = [];
  const alarms: string[] = [];
  const watch = watchPollers(
    () => {
      looked += 1;
      return Promise.resolve(answers.shift() ?? []);
    },
    {
      log: { warn: (fields: object) => void warnings.push((fields as Stranger).identity) },
      alarm: (code, _message, details) => void alarms.push(`${code} ${String(details?.identity)}`),
      everyMs: 5,
    },
  );
  onTestFinished(() => watch.stop());
  await eventually(() => Promise.resolve(looked >= 6 || null));
  expect(warnings).toEqual(['a', 'b']);
  expect(alarms).toEqual(['installation_not_alone a']);
});
