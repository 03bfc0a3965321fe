import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { appendEntry } from '../../audit/append.ts';
import { openOperations } from '../../cli/operations.ts';
import { onOwnQueues } from '../../cli/worker-dependencies.ts';
import { loadedOperation } from '../../declarations/declared-operation.ts';
import { loadedEntry } from '../../domain/loaded-entries.ts';
import { startAccountService } from '../../examples/own-operation-python/account-service.ts';
import type { AccountService, ClosureFault } from '../../examples/own-operation-python/account-service.ts';
import { makeImplementations } from '../../operations/implementations.ts';
import type { Operations } from '../../operations/registry.ts';
import { makePool } from '../../store/pool.ts';
import { buildGo, whyNoGo } from '../support/go.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { bundledBy } from '../support/operations.ts';
import { startProgram } from '../support/program.ts';
import type { Program } from '../support/program.ts';
import { missingForPython, temporalPython } from '../support/python.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { codeOf, decide, entriesOf, stepsOf } from '../support/steps.ts';

/* The example of docs/operations-file.md: declared in YAML, carried out by workers in Python and Go. */

const examples = join(import.meta.dirname, '..', '..', 'examples');
const python = join(examples, 'own-operation-python');
const go = join(examples, 'own-operation-go');
const built = await mkdtemp(join(tmpdir(), 'countersign-accounts-'));
afterAll(() => rm(built, { recursive: true, force: true }));

const languages = [
  {
    name: 'Python',
    taskQueue: 'accounts-python',
    missing: await missingForPython(),
    prepare: temporalPython,
    start: (env: NodeJS.ProcessEnv) => startProgram(['python3', join(python, 'account_worker.py')], env),
  },
  {
    name: 'Go',
    taskQueue: 'accounts-go',
    missing: await whyNoGo(go),
    async prepare() {
      await buildGo(go, built);
      return process.env;
    },
    start: (env: NodeJS.ProcessEnv) => startProgram([join(built, 'program')], env),
  },
];
for (const { name, missing } of languages)
  if (missing !== null) console.warn(`The example in ${name} is not tried: ${missing}.`);

const there = languages.filter(({ missing }) => missing === null);
describe.each(there)('a declared operation with a worker in $name', ({ taskQueue, prepare, start }) => {
  let testbed: Testbed;
  let service: AccountService;
  let api: Awaited<ReturnType<typeof startApi>>;
  let workers: Awaited<ReturnType<typeof startWorkers>>;
  let team: Program;
  let env: NodeJS.ProcessEnv;

  const startWorker = () =>
    start({
      ...env,
      TEMPORAL_ADDRESS: testbed.temporalAddress,
      TEMPORAL_NAMESPACE: testbed.namespace,
      ACCOUNT_SERVICE_URL: service.url,
    });
  /** The example's file, for the workers of this language. */
  async function operationsFile(): Promise<string> {
    const text = await readFile(join(python, 'operations.yaml'), 'utf8');
    const file = join(built, `${taskQueue}.yaml`);
    await writeFile(file, text.replace('accounts-python', taskQueue));
    return file;
  }

  beforeAll(async () => {
    env = await prepare();
    const account = { owner: 'Alpha', balance: 0, state: 'open' } as const;
    const names = Array.from({ length: 20 }, (_, i) => [`eu/A-${i}`, account] as const);
    [testbed, service] = await Promise.all([
      startTestbed(),
      startAccountService({ ...Object.fromEntries(names), 'eu/A-90': { ...account, balance: 5 } }),
    ]);
    const operations = await openOperations({ COUNTERSIGN_OPERATIONS: await operationsFile() });
    await tellLoaded(operations);
    const implementations = makeImplementations(operations, [
      ...bundledBy(testbed.simulator.url),
      ...onOwnQueues(operations, []),
    ]);
    [api, workers, team] = await Promise.all([
      startApi(testbed, { operations }),
      startWorkers(testbed, { operations, implementations }),
      startWorker(),
    ]);
  }, 600_000);
  afterAll(async () => {
    await team.stop();
    await workers.stop();
    expect(await findingsInLog(testbed)).toEqual([]);
    expect(await replayAll(testbed)).toBeGreaterThan(1);
    await api.stop();
    await service.stop();
    await testbed.stop();
  });

  /** As a worker's process does: a verifier then judges the targets. */
  async function tellLoaded({ list }: Operations): Promise<void> {
    const pool = makePool({
      connectionString: testbed.database.url('worker'),
      applicationName: 'test worker',
    });
    const loaded = { type: 'operations.loaded', operations: list.map(loadedOperation) } as const;
    await appendEntry(pool, loadedEntry(loaded, new Date().toISOString()));
    await pool.end();
  }
  function ask(account: string, more: object = {}): Promise<ChangeView> {
    const input = { region: 'eu', account, ...more };
    const body = { operation: 'CloseAccount', input, justification: 'the customer has left' };
    return api.users.alice.post('/v1/changes', body, { 'Idempotency-Key': randomUUID() });
  }
  async function shown(account: string): Promise<ChangeView> {
    const { id } = await ask(account);
    return changeThat(api.users.alice, id, (c) => c.digest !== null);
  }
  async function approved(account: string, ...faults: ClosureFault[]): Promise<ChangeView> {
    const asked = await shown(account);
    service.fail(...faults);
    return decide(api.users.bob, asked);
  }
  const ended = (id: string) => stepsOf(api).ended(id);
  const closuresOf = (account: string) => service.closed.filter((one) => one === `eu/${account}`).length;
  const callsOf = (account: string) => service.asked.filter((one) => one === `eu/${account}`).length;

  test('is shown, approved, called once, and its output recorded', async () => {
    const asked = await shown('A-1');
    expect(asked).toMatchObject({
      operation: 'CloseAccount',
      operationVersion: '1',
      target: {
        id: 'accounts/eu/A-1',
        scope: { region: 'eu', account: 'A-1' },
        label: 'account A-1 in eu',
      },
      snapshot: {
        snapshot: { owner: 'Alpha', balance: 0, state: 'open' },
        refusal: null,
        achieved: false,
        identity: { owner: 'Alpha' },
      },
      presented: [
        { label: 'Owner', value: 'Alpha' },
        { label: 'Balance in cents', value: '0' },
        { label: 'State', value: 'open' },
      ],
    });
    expect(callsOf('A-1')).toBe(0);
    await decide(api.users.bob, asked);
    expect(await ended(asked.id)).toMatchObject({ executionStatus: 'succeeded' });
    expect([callsOf('A-1'), closuresOf('A-1')]).toEqual([1, 1]);
    const entries = await entriesOf(api.users.dave, asked.id);
    expect(entries.map(({ type }) => type)).toEqual([
      'change.requested',
      'change.prechecked',
      'decision.approved',
      'change.scheduled',
      'attempt.started',
      'attempt.succeeded',
      'change.closed',
    ]);
    expect(entries[5]).toMatchObject({ output: { receipt: 'receipt of eu/A-1' } });
  });

  test('an input that its schema refuses never becomes a change', async () => {
    for (const more of [{ account: 'B' }, { more: 1 }, { region: undefined }, { note: 5 }, { region: 'cn' }])
      expect(await codeOf(ask('A-2', more))).toBe('invalid_request');
  });

  test('what the worker says against the target refuses the change', async () => {
    for (const [account, code] of [
      ['A-404', 'target_not_found'],
      ['A-90', 'not_empty'],
      ['A-1', 'already_achieved'],
    ] as const)
      expect(await ended((await ask(account)).id)).toMatchObject({
        decisionStatus: 'refused',
        outcome: { code },
      });
  });

  test('a failure is treated by the class that the file gives its type', async () => {
    const busy = await approved('A-3', { status: 429 });
    const end = await ended(busy.id);
    expect(end).toMatchObject({ executionStatus: 'succeeded' });
    expect(end.attempts).toMatchObject([
      { outcome: 'failed', class: 'throttled', code: 'Busy', httpStatus: 429 },
      { outcome: 'succeeded' },
    ]);
    expect(end.attempts[0]?.requestId).toMatch(/^[0-9a-f-]{36}$/);
    const refused = await approved('A-4', { status: 403 });
    expect(await ended(refused.id)).toMatchObject({
      executionStatus: 'failed',
      outcome: { code: 'Refused' },
    });
    expect(callsOf('A-4')).toBe(1);
  });

  test('a failure of no class is unknown: what it did is read, and not done twice', async () => {
    const { id } = await approved('A-5', { status: 500, closed: true });
    const end = await ended(id);
    expect(end).toMatchObject({ executionStatus: 'succeeded', outcome: { reconciled: true } });
    expect(end.attempts).toMatchObject([{ outcome: 'unknown', class: 'unknown', code: 'ServiceError' }]);
    expect(callsOf('A-5')).toBe(1);
  });

  test('a worker that is killed in its call: what it did is read first', async () => {
    const [did, didNot] = [
      await approved('A-6', { status: 'hang', closed: true }),
      await approved('A-7', { status: 'hang' }),
    ];
    await eventually(() => Promise.resolve(callsOf('A-6') + callsOf('A-7') === 2 ? true : null));
    await team.stop();
    team = await startWorker();
    expect(await ended(did.id)).toMatchObject({
      executionStatus: 'succeeded',
      outcome: { reconciled: true },
    });
    expect(await ended(didNot.id)).toMatchObject({ executionStatus: 'succeeded' });
    expect([callsOf('A-6'), callsOf('A-7')]).toEqual([1, 2]);
    expect([closuresOf('A-6'), closuresOf('A-7')]).toEqual([1, 1]);
  }, 180_000);

  test('an account that has changed since: people are asked again', async () => {
    const asked = await shown('A-8');
    service.accounts.set('eu/A-8', { owner: 'Beta', balance: 0, state: 'open' });
    await decide(api.users.bob, asked);
    const again = await changeThat(
      api.users.bob,
      asked.id,
      (c) => c.round === 2 && c.digest !== asked.digest,
    );
    expect(again).toMatchObject({ decisionStatus: 'pending', snapshot: { identity: { owner: 'Beta' } } });
    expect(callsOf('A-8')).toBe(0);
  });

  test('without its worker nothing is sent, and then it is', async () => {
    const asked = await shown('A-9');
    await team.stop();
    await decide(api.users.bob, asked);
    await changeThat(api.users.bob, asked.id, (c) => c.decisionStatus === 'approved');
    expect(callsOf('A-9')).toBe(0);
    team = await startWorker();
    expect(await ended(asked.id)).toMatchObject({ executionStatus: 'succeeded' });
    expect(callsOf('A-9')).toBe(1);
  }, 120_000);
});
