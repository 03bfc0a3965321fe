import { execFile } from 'node:child_process';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { expect, onTestFinished, test } from 'vitest';
import { readEnvironment } from '../../cli/environment.ts';
import { noticesSubscription } from '../../cli/notices-subscription.ts';
import { makeLog } from '../../cli/process.ts';
import { readSecret } from '../../cli/secret-file.ts';
import { CountersignError } from '../../domain/error.ts';
import { changeThat, eventually, startApi, startTestbed } from '../support/service.ts';
import { stepsOf } from '../support/steps.ts';
import { startProcess } from '../support/process.ts';

interface Shown {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
  readonly code?: string;
  readonly cause?: Shown;
  readonly errors?: readonly Shown[];
}

/** The one line that is logged. */
function lineOf(members: object): Record<string, Shown> & { readonly line: string } {
  let line = '';
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      line += chunk.toString();
      done();
    },
  });
  makeLog('test', { LOG_LEVEL: 'info' }, out).warn(members, 'it happened');
  return { ...(JSON.parse(line) as Record<string, Shown>), line } as never;
}

test.each<[string, unknown, Partial<Shown>]>([
  ['a TypeError', new TypeError('x is undefined'), { type: 'TypeError', message: 'x is undefined' }],
  [
    'one of ours',
    new CountersignError('log_unavailable', 'away', { errors: [{ field: 'a', rule: 'b', message: 'c' }] }),
    { type: 'CountersignError', code: 'log_unavailable', message: 'away' },
  ],
  [
    'one of another realm',
    runInNewContext('new RangeError("too far")') as unknown,
    { type: 'RangeError', message: 'too far' },
  ],
  [
    'a failure of Temporal',
    ApplicationFailure.create({ type: 'bad_signature', message: 'no', details: [{ sn: 'SN-1' }] }),
    { type: 'ApplicationFailure', code: 'bad_signature', message: 'no' },
  ],
  [
    'one of Postgres',
    Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Key (sn)=(SN-1) exists' }),
    { type: 'Error', code: '23505', message: 'duplicate key' },
  ],
  ['a string', 'oh', { type: 'string', message: 'oh' }],
  ['an empty object', {}, { type: 'object', message: '{}' }],
])('%s has type, message and stack, under err and error', (_name, thrown, shown) => {
  for (const member of ['err', 'error']) {
    const { line, ...members } = lineOf({ [member]: thrown });
    expect(members[member]).toMatchObject(shown);
    expect(typeof members[member]?.stack).toBe('string');
    // What else it has may hold values.
    expect(line).not.toContain('SN-1');
  }
  if (thrown instanceof Error) {
    expect(lineOf({ reason: thrown }).reason).toMatchObject(shown);
    expect(lineOf({ err: thrown }).err?.stack).toContain('log-errors.test.ts');
  }
});

test('causes and the errors of an AggregateError are there, and an endless chain ends', () => {
  const inner = new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')]);
  const outer = new Error('not reached', { cause: inner });
  expect(lineOf({ err: outer }).err?.cause).toMatchObject({
    type: 'AggregateError',
    message: '::1 refused; 127.0.0.1 refused',
    errors: [{ message: '::1 refused' }, { message: '127.0.0.1 refused' }],
  });
  const failure = new ActivityFailure('it failed', 'change', '1', 'MAXIMUM_ATTEMPTS_REACHED', 'w', outer);
  expect(lineOf({ error: failure }).error?.cause?.message).toBe('not reached');
  outer.cause = outer;
  expect(lineOf({ err: outer }).line.length).toBeLessThan(100_000);
});

test.each([
  'connect failed: postgres://login:s3cret-Pa55@db:5432/x',
  'postgres://login:p@s3cret-Pa55/word@db/x refused',
  'https://proxy/?user=a&password=s3cret-Pa55',
  'options: {"accessKeySecret":"s3cret-Pa55"}',
  'header Authorization: Bearer s3cret-Pa55',
  'key PRIVATE+KEY+log+1234+s3cret-Pa55',
  'token cst_s3cret-Pa55-s3cret-Pa55-s3cret',
])('no secret is told: %s', (message) => {
  const error = new Error(message);
  const { line } = lineOf({ err: new Error('outer', { cause: error }), error });
  expect(line).not.toContain('s3cret-Pa55');
  expect(line).toContain('***');
});

test('every error that a worker logs is shown', { timeout: 120_000 }, async () => {
  const testbed = await startTestbed();
  onTestFinished(() => testbed.stop());
  const api = await startApi(testbed);
  onTestFinished(() => api.stop());
  const worker = await startProcess(testbed, 'worker');
  onTestFinished(() => worker.stop());
  const sn = await testbed.certificate();
  await testbed.fault(sn, { times: 2 });
  const { id } = await stepsOf(api).approved(sn);
  await changeThat(api.users.alice, id, (change) => change.closedAt !== null);
  const lines = worker
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, Shown | undefined>);
  const told = lines.flatMap(({ err, error }) => [err, error]).filter((shown) => shown !== undefined);
  expect(told.length).toBeGreaterThan(0);
  for (const shown of told) {
    expect(shown).toMatchObject({
      type: expect.stringMatching(/./) as string,
      message: expect.stringMatching(/./) as string,
      stack: expect.stringMatching(/\n +at /) as string,
    });
  }
});

test('what Temporal’s core tells a worker is a line of its log, too', { timeout: 120_000 }, async () => {
  const testbed = await startTestbed();
  onTestFinished(() => testbed.stop());
  const [host = '', port] = testbed.temporalAddress.split(':');
  const sockets = new Set<Socket>();
  const way = createServer((socket) => {
    const onward = connect(Number(port), host);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    way.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(cut);
  const worker = await startProcess(testbed, 'worker', {
    TEMPORAL_ADDRESS: `127.0.0.1:${(way.address() as AddressInfo).port}`,
  });
  onTestFinished(() => worker.stop());
  cut();
  await eventually(
    () => Promise.resolve(/retried/.test(worker.output()) ? true : null),
    worker.output,
    60_000,
  );
  const lines = worker.output().split('\n').slice(0, -1);
  for (const line of lines) expect(line).toMatch(/^\{.*\}$/);
  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(told).toContainEqual(
    expect.objectContaining({ name: 'worker', level: 40, sdkComponent: 'core' }) as object,
  );
});

test('a process that ends by an error nobody foresaw logs it', { timeout: 60_000 }, async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as AddressInfo;
  const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
  const ended = await promisify(execFile)(process.execPath, [
    main,
    'simulator',
    '--port',
    String(port),
  ]).catch((error: unknown) => error as { code: number; stdout: string });
  const [line = ''] = ended.stdout.split('\n').filter((text) => text.includes('"level":60'));
  expect((JSON.parse(line) as { err: Shown }).err).toMatchObject({ type: 'Error', code: 'EADDRINUSE' });
});

const notices = { COUNTERSIGN_WEBHOOK_URL: 'https://a.example', COUNTERSIGN_WEBHOOK_SECRET: 'x1y2z3' };

test.each<[string, () => Promise<unknown>, string]>([
  ['a file of a secret', () => readSecret('/run/secrets/jira-read'), '/run/secrets/jira-read cannot be read'],
  [
    'a variable with a secret',
    async () => Promise.resolve(noticesSubscription(readEnvironment(notices))),
    'COUNTERSIGN_WEBHOOK_SECRET: must be whsec_',
  ],
])('what is wrong with %s is said, and not the secret', async (_what, read, said) => {
  const { line } = lineOf({ err: await read().catch((thrown: unknown) => thrown) });
  expect(line).toContain(said);
  expect(line).not.toContain('x1y2z3');
});
