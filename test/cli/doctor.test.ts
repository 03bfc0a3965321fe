import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { examine } from '../../cli/doctor.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { claimDatabase } from '../../store/claim-database.ts';
import { makePool } from '../../store/pool.ts';
import { control } from '../simulator/control-client.ts';
import { cloneDatabase } from '../support/database.ts';
import { roleArn, startTrustedSimulator } from '../support/sts.ts';
import type { TrustedSimulator } from '../support/sts.ts';

vi.setConfig({ testTimeout: 60_000 });

const key = { id: 'key', secret: 'secret' };
let simulator: TrustedSimulator;

beforeAll(async () => {
  simulator = await startTrustedSimulator({ accessKeys: { [key.id]: key.secret } });
  // Nothing listens there; only the role's finding is looked at.
  vi.stubEnv('TEMPORAL_ADDRESS', '127.0.0.1:1');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await simulator.close();
});

async function sessionFinding(env: NodeJS.ProcessEnv) {
  const findings = await examine(
    readEnvironment({
      COUNTERSIGN_HOME: '/nowhere',
      ONSMQTT_ENDPOINT: simulator.url,
      ONSMQTT_REGION: 'cn-hangzhou',
      ALIBABA_CLOUD_ACCESS_KEY_ID: key.id,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: key.secret,
      ...env,
    }),
  );
  return findings.find(({ name }) => name === 'Role session');
}

test('doctor opens a session of the role, says why it cannot, and says nothing where there is none', async () => {
  const role = { COUNTERSIGN_ROLE_ARN: roleArn, COUNTERSIGN_STS_ENDPOINT: simulator.tlsUrl };
  expect(await sessionFinding(role)).toMatchObject({ ok: true, remedy: '' });
  await control(simulator, 'POST', '/faults', { action: 'AssumeRole', status: 403, code: 'NoPermission' });
  const refused = await sessionFinding(role);
  expect(refused).toMatchObject({
    ok: false,
    found: expect.stringContaining('NoPermission') as string,
    remedy: expect.stringContaining('sts:AssumeRole') as string,
  });
  expect(await sessionFinding({})).toBeUndefined();
});

test('doctor says which region is served, and what to set where none is named', async () => {
  const keys = { ALIBABA_CLOUD_ACCESS_KEY_ID: key.id, ALIBABA_CLOUD_ACCESS_KEY_SECRET: key.secret };
  const vendorOf = async (env: NodeJS.ProcessEnv) =>
    (await examine(readEnvironment({ COUNTERSIGN_HOME: '/nowhere', ...keys, ...env }))).find(
      ({ name }) => name === 'ApsaraMQ for MQTT',
    );
  expect(await vendorOf({ ONSMQTT_ENDPOINT: simulator.url })).toMatchObject({
    ok: true,
    found: expect.stringMatching(/^serves cn-hangzhou, answers a read at 127\.0\.0\.1:\d+$/) as string,
  });
  expect(await vendorOf({})).toMatchObject({ ok: false, remedy: 'set ONSMQTT_REGION' });
});

test('doctor asks the console what it lacks, where it has an address', async () => {
  const consoleOf = async (env: NodeJS.ProcessEnv) =>
    (await examine(readEnvironment({ COUNTERSIGN_HOME: '/nowhere', ...env }))).find(
      ({ name }) => name === 'Console',
    );
  expect(await consoleOf({})).toBeUndefined();
  let parts: object = { status: 'ready', postgres: true, page: true, api: true, identity: true };
  const server = createServer((_req, res) => res.end(JSON.stringify(parts)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const CONSOLE_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await consoleOf({ CONSOLE_URL })).toMatchObject({ ok: true, found: `${CONSOLE_URL} is ready` });
  parts = { ...parts, page: false, identity: false, status: 'not ready' };
  expect(await consoleOf({ CONSOLE_URL })).toMatchObject({
    ok: false,
    found: `${CONSOLE_URL} is not ready, without its page, without the identity provider`,
    remedy: expect.stringContaining('npm run build') as string,
  });
  expect(await consoleOf({ CONSOLE_URL: 'http://127.0.0.1:1' })).toMatchObject({
    ok: false,
    remedy: expect.stringContaining('countersign console') as string,
  });
});

test('doctor says whose the database is, and which task queues the installation has', async () => {
  const database = await cloneDatabase();
  onTestFinished(() => database.drop());
  vi.stubEnv('TEMPORAL_NAMESPACE', 'orders');
  const found = async (COUNTERSIGN_INSTALLATION: string) => {
    const env = {
      COUNTERSIGN_HOME: '/nowhere',
      DATABASE_URL: database.url('reader'),
      COUNTERSIGN_INSTALLATION,
    };
    return (await examine(readEnvironment(env))).find(({ name }) => name === 'Installation');
  };
  const named = 'installation payments in namespace orders';
  const queues = 'task queues payments and payments-onsmqtt';
  expect(await found('payments')).toMatchObject({
    ok: true,
    found: `${named}, whose database is nobody’s yet, ${queues}`,
  });
  const pool = makePool({ connectionString: database.url('api'), applicationName: 'test', max: 1 });
  await claimDatabase(pool, { installation: 'payments', namespace: 'orders' });
  await pool.end();
  expect(await found('payments')).toMatchObject({ ok: true, found: `${named}, ${queues}`, remedy: '' });
  expect(await found('countersign')).toMatchObject({
    ok: false,
    found: `the database belongs to ${named}; expected installation countersign in namespace orders`,
    remedy: expect.stringContaining('COUNTERSIGN_INSTALLATION') as string,
  });
});
