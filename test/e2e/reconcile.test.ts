import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import type { PeriodReport } from '../../audit/period/period-report.ts';
import type { Reconciliation } from '../../audit/reconcile/reconciliation.ts';
import { createCredential } from '../../onsmqtt/credentials.ts';
import { makePool } from '../../store/pool.ts';
import type { TrailEvent } from '../../simulator/trail.ts';
import { freshPath } from '../audit/pack-file.ts';
import { untilSealed } from '../audit/seal.ts';
import { control } from '../simulator/control-client.ts';
import { call } from '../simulator/vendor-client.ts';
import { implementationsBy } from '../support/operations.ts';
import { instance, startApi, startTestbed, startWorkers } from '../support/service.ts';
import { stepsOf } from '../support/steps.ts';
import { roleArn, startTrustedSimulator } from '../support/sts.ts';

const run = promisify(execFile);
const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const key = { accessKeyId: 'session-opener', accessKeySecret: 'secret-of-it' };
const mallory = { accessKeyId: 'mallory', accessKeySecret: 'secret-of-mallory' };

let pack: string;
let keys: string;
let events: TrailEvent[];
let past: TrailEvent;
let asAuditor: NodeJS.ProcessEnv;
let span: readonly string[];
let reportFromApi: PeriodReport;
let fromApi: Awaited<ReturnType<typeof reconciled>>;

/** What the command prints, and its exit code. */
async function reconciled(trail: readonly object[], args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const file = await freshPath('trail.json');
  await writeFile(file, JSON.stringify(trail));
  const command = [main, '--json', 'audit', 'reconcile', '--trail', file, ...args];
  try {
    const { stdout } = await run(process.execPath, command, { env, cwd: tmpdir() });
    return { code: 0, result: JSON.parse(stdout) as Reconciliation };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { code, result: JSON.parse(stdout) as Reconciliation };
  }
}

async function reported(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return run(process.execPath, [main, '--json', 'audit', 'report', ...args], { env, cwd: tmpdir() });
}

/** Two changes: one through two failures, of which one leaves no answer, and one at once. Between them somebody goes past. */
beforeAll(async () => {
  const [testbed, simulator] = await Promise.all([
    startTestbed(),
    startTrustedSimulator({
      accessKeys: { [key.accessKeyId]: key.accessKeySecret, [mallory.accessKeyId]: mallory.accessKeySecret },
      seed: ['SN-1', 'SN-2', 'SN-3'].map((sn) => ({ mqttInstanceId: instance, sn, status: '0' as const })),
    }),
  ]);
  const [api, workers] = await Promise.all([
    startApi(testbed),
    startWorkers(testbed, {
      implementations: implementationsBy({
        endpoint: simulator.url,
        credential: () => createCredential(key),
        pace: { claim: () => Promise.resolve() },
        role: { arn: roleArn, stsHost: simulator.stsHost },
      }),
    }),
  ]);
  const began = Date.now();
  await control(simulator, 'POST', '/faults', [
    { action: 'ActiveCaCertificate', sn: 'SN-1', status: 500, code: 'InternalError' },
    { action: 'ActiveCaCertificate', sn: 'SN-1', kind: 'reset' },
  ]);
  const steps = stepsOf(api);
  const [one, two] = await Promise.all([steps.approved('SN-1'), steps.approved('SN-2')]);
  const ended = await steps.ended(one.id);
  expect(ended.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'unknown', 'succeeded']);
  await steps.ended(two.id);
  await call(
    simulator,
    'ActiveCaCertificate',
    { MqttInstanceId: instance, Sn: 'SN-3' },
    { credentials: mallory },
  );
  ({ body: events } = await control<TrailEvent[]>(simulator, 'GET', '/trail'));
  past = events.find(({ userIdentity }) => userIdentity['accessKeyId'] === 'mallory') as TrailEvent;

  const signer = makePool({
    connectionString: testbed.database.url('signer'),
    applicationName: 'test signer',
  });
  await untilSealed(signer);
  keys = await freshPath('trusted-keys.txt');
  const [logKey, statementPem] = await Promise.all(
    [testbed.logPublicKey, testbed.keys.publicKey].map((file) => readFile(file, 'utf8')),
  );
  await writeFile(keys, `${logKey}${statementPem}`);
  asAuditor = {
    PATH: process.env.PATH,
    COUNTERSIGN_URL: api.url,
    COUNTERSIGN_TOKEN: await testbed.identity.tokenFor('dave'),
  };
  pack = await freshPath();
  await run(process.execPath, [main, 'audit', 'export', '-o', pack], { env: asAuditor, cwd: tmpdir() });
  const at = (ms: number) => new Date(ms).toISOString();
  span = ['--from', at(began - 3_600_000), '--to', at(Date.now() + 3_600_000)];
  fromApi = await reconciled(events, span, asAuditor);
  reportFromApi = JSON.parse((await reported(span, asAuditor)).stdout) as PeriodReport;
  await Promise.all([workers.stop(), api.stop(), signer.end()]);
  await Promise.all([testbed.stop(), simulator.close()]);
});

const packed = () => ['--pack', pack, '--key', keys, ...span];
const kinds = ({ result }: { readonly result: Reconciliation }) => result.differences.map(({ kind }) => kind);

test('what the worker did reconciles with a verified pack, without any server', async () => {
  const honest = events.filter((event) => event !== past);
  const { code, result } = await reconciled(honest, [...packed(), '--principal', 'countersign-call']);
  expect(result.differences).toEqual([]);
  expect(result).toMatchObject({
    result: 'reconciled',
    log: { source: 'pack' },
    calls: { gated: 4, matched: 3, explained: 1 },
    attempts: { answered: 3, unanswered: 1 },
  });
  expect(code).toBe(0);
  // Reads and the opening of sessions are in the trail, and are no calls of gated operations.
  expect(result.trail.events).toBeGreaterThan(8);
});

test('a call past the product is named, by the API’s word as well', () => {
  const named = {
    kind: 'call_not_logged',
    call: 'ActiveCaCertificate',
    requestId: past.requestId,
    principal: expect.stringContaining('user-of-mallory') as string,
  };
  expect(fromApi.result).toMatchObject({ result: 'differs', log: { source: 'api' }, differences: [named] });
  expect(fromApi.code).toBe(1);
});

test('an event that is missing, and a trail that was cut', async () => {
  const calls = events.filter(
    (e) => e.eventName === 'ActiveCaCertificate' && e !== past && e.errorCode === '',
  );
  const without = events.filter((event) => event !== past && event !== calls.at(-1));
  const missing = await reconciled(without, packed());
  expect([missing.code, kinds(missing)]).toEqual([1, ['event_missing']]);
  const cut = await freshPath('cut.json');
  await writeFile(cut, JSON.stringify(events).slice(0, -30));
  const command = [main, '--json', 'audit', 'reconcile', '--trail', cut, ...packed()];
  await expect(run(process.execPath, command, { env: {}, cwd: tmpdir() })).rejects.toMatchObject({
    code: 2,
    stdout: expect.stringContaining('trail_cut') as string,
  });
});

test.each<[string, () => readonly string[], number]>([
  ['no pack where one is named', () => ['--pack', '/nowhere', '--key', keys], 3],
  ['a pack without keys', () => ['--pack', pack], 3],
  ['keys without a pack', () => ['--key', keys], 3],
  ['no period', () => ['--from', '2026-02-30'], 3],
  ['a pack that is not valid', () => ['--pack', pack, '--key', keys, '--max-age', '1s'], 2],
])('%s: nothing is compared', async (_name, args, code) => {
  expect((await reconciled(events, args())).code).toBe(code);
});

test.each([
  ['no trail', '{"a": 1}'],
  ['text', 'eventName,eventTime'],
])('%s is used wrongly', async (_name, content) => {
  const file = await freshPath('other.json');
  await writeFile(file, content);
  const command = [main, 'audit', 'reconcile', '--trail', file, ...packed()];
  await expect(run(process.execPath, command, { env: {}, cwd: tmpdir() })).rejects.toMatchObject({ code: 3 });
});

test('the report of the period says the same from the pack and from the API, and is written as asked', async () => {
  const files = await Promise.all(
    ['report.html', 'report.csv', 'report.json'].map((name) => freshPath(name)),
  );
  const outputs = files.flatMap((file) => ['-o', file]);
  const zone = ['--time-zone', 'Asia/Shanghai'];
  const { stdout } = await reported([...packed(), ...zone, ...outputs]);
  const report = JSON.parse(stdout) as PeriodReport;
  expect(report.changes).toHaveLength(2);
  expect(report.changes.map(({ executionStatus }) => executionStatus)).toEqual(['succeeded', 'succeeded']);
  expect(report.changes).toEqual(reportFromApi.changes);
  expect(report.figures).toEqual(reportFromApi.figures);
  expect([report.log.source, reportFromApi.log.source]).toEqual(['pack', 'api']);
  const [html = '', csv = '', json = ''] = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  expect(JSON.parse(json)).toEqual(report);
  expect(csv.trimEnd().split('\r\n')).toHaveLength(3);
  for (const { id, requestIds } of report.changes)
    for (const word of [id, ...requestIds]) expect(html).toContain(word);
  expect(html).toContain('+08:00');
});

test.each<[string, readonly string[]]>([
  ['no end of the period', ['--from', '2026-11-01']],
  ['an end before the beginning', ['--from', '2026-11-02', '--to', '2026-11-01']],
  ['a zone that there is not', ['--from', '2026-11-01', '--to', '2026-11-02', '--time-zone', 'Nowhere/Land']],
  ['a file of another kind', ['--from', '2026-11-01', '--to', '2026-11-02', '-o', 'report.pdf']],
])('a report is used wrongly: %s', async (_name, args) => {
  await expect(reported(args)).rejects.toMatchObject({ code: 3 });
});
