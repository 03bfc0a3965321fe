import type { WorkerOptions } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { failureConverterPath } from '../../codec/data-converter.ts';
import { activityNames } from '../../domain/activity-names.ts';
import { CountersignError } from '../../domain/error.ts';
import { CountersignPlugin, workflowsPath } from '../../plugin/index.ts';
import { activeCaCertificate, defineOperation, implement } from '../../plugin/operation.ts';
import { testKeys } from '../support/payload-keys.ts';
import { strictCodec } from '../support/strict-codec.ts';
import { operations } from '../support/operations.ts';

/** Nothing is called here: only what a worker is made of. */
const dependencies = { operations } as ActivityDependencies;
const plugin = new CountersignPlugin({ dependencies });
const bare = new CountersignPlugin();
const own = () => Promise.resolve('own');
const refused = expect.objectContaining({ code: 'invalid_configuration' }) as Error;
const worker = (options: Partial<WorkerOptions>): WorkerOptions => ({ taskQueue: 'lines', ...options });

describe('a worker on a task queue of its own', () => {
  test.each<[string, Partial<WorkerOptions>]>([
    ['workflows', { workflowsPath: '/own/workflows.js' }],
    ['a bundle', { workflowBundle: { code: '' } }],
    // It would begin to take workflow tasks of the queue that another worker's workflows are for.
    ['activities alone', { activities: { own } }],
    ['an activity under a name of ours', { workflowsPath: '/own/workflows.js', activities: { record: own } }],
    ['a codec', { activities: { own }, dataConverter: { payloadCodecs: [] } }],
  ])('with %s is left as it is', (_name, options) => {
    for (const each of [plugin, bare]) expect(each.configureWorker(worker(options))).toEqual(worker(options));
  });

  test('with nothing is refused: it would be another installation’s on this one’s database', () => {
    expect(() => plugin.configureWorker(worker({}))).toThrow(refused);
  });
});

test('the names that no operation may have are those of our activities', () => {
  const { activities = {} } = plugin.configureWorker(worker({ taskQueue: 'countersign' }));
  const ofOperations = [...operations.list.map(({ name }) => name), 'default'];
  const names = Object.keys(activities).filter((name) => !ofOperations.includes(name));
  expect(names.sort()).toEqual([...activityNames].sort());
});

describe('a worker on a task queue of ours', () => {
  test('gets everything beside its own', () => {
    const options = plugin.configureWorker(worker({ taskQueue: 'countersign', activities: { own } }));
    expect(options.workflowsPath).toBe(workflowsPath);
    expect(options.activities).toMatchObject({ own });
    expect(Object.keys(options.activities ?? {})).toEqual(
      expect.arrayContaining(['openChange', 'record', 'ActiveCaCertificate']),
    );
  });

  test('keeps a bundle', () => {
    const workflowBundle = { code: '' };
    const options = plugin.configureWorker(worker({ taskQueue: 'countersign', workflowBundle }));
    expect(options.workflowBundle).toBe(workflowBundle);
    expect(options.workflowsPath).toBeUndefined();
  });

  test('makes the vendor’s calls without workflows, at a rate that may be given', () => {
    const options = plugin.configureWorker(worker({ taskQueue: 'countersign-onsmqtt' }));
    expect(options.workflowsPath).toBeUndefined();
    expect(options.maxTaskQueueActivitiesPerSecond).toBe(400);
    const slower = worker({ taskQueue: 'countersign-onsmqtt', maxTaskQueueActivitiesPerSecond: 7 });
    expect(plugin.configureWorker(slower).maxTaskQueueActivitiesPerSecond).toBe(7);
  });

  test.each(['countersign', 'countersign-onsmqtt'])('on %s may meet the plugin twice', (taskQueue) => {
    const once = plugin.configureWorker(worker({ taskQueue }));
    expect(plugin.configureWorker(once)).toEqual(once);
  });

  test.each<[string, CountersignPlugin, Partial<WorkerOptions>]>([
    ['an activity under a name of ours', plugin, { taskQueue: 'countersign', activities: { record: own } }],
    ['the same there', plugin, { taskQueue: 'countersign-onsmqtt', activities: { settle: own } }],
    ['workflows of its own', plugin, { taskQueue: 'countersign', workflowsPath: '/own/workflows.js' }],
    ['no dependencies', bare, { taskQueue: 'countersign' }],
    ['no dependencies there', bare, { taskQueue: 'countersign-onsmqtt' }],
  ])('is refused with %s', (_name, each, options) => {
    let thrown: unknown;
    try {
      each.configureWorker(worker(options));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CountersignError);
    expect(thrown).toMatchObject({ code: 'invalid_configuration' });
  });
});

describe('a worker of an installation with a name', () => {
  const ofPayments = new CountersignPlugin({ dependencies: { ...dependencies, installation: 'payments' } });

  test('has everything on the queues of that name, and nothing on those of another', () => {
    expect(ofPayments.configureWorker(worker({ taskQueue: 'payments' })).workflowsPath).toBe(workflowsPath);
    const calls = ofPayments.configureWorker(worker({ taskQueue: 'payments-onsmqtt' }));
    expect(calls).toMatchObject({ maxTaskQueueActivitiesPerSecond: 400 });
    expect(calls.workflowsPath).toBeUndefined();
    for (const taskQueue of ['countersign', 'countersign-onsmqtt'])
      expect(() => ofPayments.configureWorker(worker({ taskQueue }))).toThrow(refused);
  });

  test('is refused under a wrong name, or another one than that of its dependencies', () => {
    expect(() => new CountersignPlugin({ installation: 'Payments' })).toThrow(refused);
    expect(() => new CountersignPlugin({ dependencies, installation: 'payments' })).toThrow(refused);
  });

  test('is refused in another namespace than that of its dependencies', () => {
    const inOrders = new CountersignPlugin({ dependencies: { ...dependencies, namespace: 'orders' } });
    const at = (namespace?: string) =>
      inOrders.configureWorker(
        worker({ taskQueue: 'countersign', ...(namespace === undefined ? {} : { namespace }) }),
      );
    expect(at('orders').workflowsPath).toBe(workflowsPath);
    for (const other of [undefined, 'default', 'payments']) expect(() => at(other)).toThrow(refused);
  });
});

describe('a worker on the task queue of an operation that it implements', () => {
  const driver = {
    read: () => Promise.resolve({ ok: true as const, requestId: '', snapshot: null }),
    call: () => Promise.resolve({ ok: true as const, requestId: '' }),
  };
  const operation = (taskQueue?: string) =>
    defineOperation({
      ...activeCaCertificate,
      name: 'Own',
      ...(taskQueue === undefined ? {} : { taskQueue }),
    });
  const implementing = new CountersignPlugin({ operations: [implement(operation('lines'), driver)] });

  test('gets its two activities, and keeps what it has', () => {
    const codec = { ...strictCodec };
    const options = implementing.configureWorker(
      worker({ workflowsPath: '/own.js', activities: { own }, dataConverter: { payloadCodecs: [codec] } }),
    );
    expect(Object.keys(options.activities ?? {}).sort()).toEqual(['Own.call', 'Own.read', 'own']);
    expect(options.activities).toMatchObject({ own });
    expect(options.workflowsPath).toBe('/own.js');
    expect(options.dataConverter?.payloadCodecs).toHaveLength(1);
  });

  test('gets nothing of ours where it has nothing of its own', () => {
    const options = implementing.configureWorker(worker({}));
    expect(Object.keys(options.activities ?? {})).toEqual(['Own.read', 'Own.call']);
    expect(options.workflowsPath).toBeUndefined();
  });

  test('may meet the plugin twice', () => {
    const once = implementing.configureWorker(worker({ activities: { own } }));
    expect(Object.keys(implementing.configureWorker(once).activities ?? {})).toHaveLength(3);
  });

  test('of another operation is left as it is', () => {
    const options = worker({ taskQueue: 'others', activities: { own } });
    expect(implementing.configureWorker(options)).toEqual(options);
  });

  test('is refused with an activity of its own under such a name', () => {
    const wrong = () => implementing.configureWorker(worker({ activities: { 'Own.call': own } }));
    expect(wrong).toThrow(expect.objectContaining({ code: 'invalid_configuration' }) as Error);
  });

  test.each([[undefined], ['countersign'], ['countersign-onsmqtt']])('cannot be %s', (taskQueue) => {
    const wrong = () => new CountersignPlugin({ operations: [implement(operation(taskQueue), driver)] });
    expect(wrong).toThrow(expect.objectContaining({ code: 'invalid_configuration' }) as Error);
  });
});

describe('with payload keys', () => {
  const keyed = new CountersignPlugin({ dependencies, payloads: { keys: testKeys } });
  const theirs = '/own/failures.js';

  test.each(['countersign', 'countersign-onsmqtt'])(
    'what fails on %s is encoded by us alone',
    (taskQueue) => {
      const configured = (path?: string) =>
        keyed.configureWorker(worker({ taskQueue, dataConverter: { failureConverterPath: path as string } }));
      expect(configured().dataConverter?.failureConverterPath).toBe(failureConverterPath);
      expect(keyed.configureWorker(configured())).toEqual(configured());
      expect(() => configured(theirs)).toThrow(refused);
      const keyless = plugin.configureWorker(
        worker({ taskQueue, dataConverter: { failureConverterPath: theirs } }),
      );
      expect(keyless.dataConverter?.failureConverterPath).toBe(theirs);
    },
  );

  test('a bundle of our workflows has our failure converter, and one of a host’s its own', () => {
    const bundled = (path: string, failures?: string) =>
      keyed.configureBundler({ workflowsPath: path, failureConverterPath: failures as string });
    expect(bundled(workflowsPath).failureConverterPath).toBe(failureConverterPath);
    expect(() => bundled(workflowsPath, theirs)).toThrow(refused);
    expect(bundled('/own.js', theirs).failureConverterPath).toBe(theirs);
    expect(bundled('/own.js').failureConverterPath).toBeUndefined();
  });
});

test('a replay has our workflows, or those that it was given', () => {
  expect(bare.configureReplayWorker({}).workflowsPath).toBe(workflowsPath);
  expect(bare.configureReplayWorker({ workflowsPath: '/own.js' }).workflowsPath).toBe('/own.js');
  expect(bare.configureReplayWorker({ workflowBundle: { code: '' } }).workflowsPath).toBeUndefined();
});
