import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, onTestFinished, test, vi } from 'vitest';
import { examineTemporal } from '../../cli/doctor-temporal.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { temporalBinary } from '../../embedded/temporal-binary.ts';
import type { NamespaceSetup } from '../../cli/temporal-setup.ts';
import { PROJECT_HOME } from '../support/stack.ts';
import { startTemporalProxy } from '../support/temporal-proxy.ts';
import type { GrpcRefusal } from '../support/temporal-proxy.ts';

vi.setConfig({ testTimeout: 120_000 });

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const address = inject('temporalAddress');
const names = Object.keys(searchAttributes);
const operator = '/temporal.api.operatorservice.v1.OperatorService';
let folder: string;
let connection: Connection;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-setup-'));
  connection = await Connection.connect({ address });
});
afterAll(async () => {
  await connection.close();
  await rm(folder, { recursive: true });
});

function inShell(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  // A configuration of whoever runs the tests is no part of them.
  const all = { PATH: process.env.PATH, XDG_CONFIG_HOME: folder, ...env };
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(command, args, { env: all, cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

async function setup(namespace: string, args: readonly string[] = [], at = address) {
  const env = { TEMPORAL_ADDRESS: at, TEMPORAL_NAMESPACE: namespace };
  const { code, stdout, stderr } = await inShell(
    process.execPath,
    [main, '--json', 'temporal', 'setup', ...args],
    env,
  );
  expect(stderr).toBe('');
  const { findings, commands } = JSON.parse(stdout) as NamespaceSetup;
  return { code, bad: findings.filter(({ ok }) => !ok), findings, commands };
}

/** A namespace that a frontend knows, with an attribute of others at least. */
async function namespaceWith(attributes: Record<string, number> = { Theirs: 3 }): Promise<string> {
  const namespace = `setup-${randomUUID()}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 } as never,
  });
  await vi.waitFor(
    () => connection.operatorService.addSearchAttributes({ namespace, searchAttributes: attributes }),
    20_000,
  );
  return namespace;
}

async function typesIn(namespace: string) {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.fromEntries(Object.entries(customAttributes).filter(([name]) => names.includes(name)));
}
const allKeyword = Object.fromEntries(names.map((name) => [name, 2]));

test('a namespace that is not there is made only on request, and a second time nothing is written', async () => {
  const namespace = `setup-${randomUUID()}`;
  const without = await setup(namespace);
  expect(without.code).toBe(1);
  expect(without.bad.map(({ name }) => name)).toEqual(['Namespace', ...names]);
  await expect(connection.workflowService.describeNamespace({ namespace })).rejects.toThrow('not found');

  const made = await setup(namespace, ['--namespace-retention', '3']);
  expect(made).toMatchObject({ code: 0, bad: [], commands: [] });
  expect(made.findings.map(({ found }) => found)).toEqual([
    `${namespace} at ${address}, made now`,
    ...names.map(() => 'Keyword, made now'),
  ]);
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(3 * 86_400);
  expect(await typesIn(namespace)).toEqual(allKeyword);

  const proxy = await startTemporalProxy({ address });
  onTestFinished(() => proxy.stop());
  expect(await setup(namespace, ['--namespace-retention', '3'], proxy.address)).toMatchObject({ code: 0 });
  expect(proxy.passed).toEqual([`${operator}/ListSearchAttributes`]);
});

test('an installation with a name has its queues and the same attributes', async () => {
  const namespace = await namespaceWith();
  const env = { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
  const told = async (name: string) => {
    const args = [main, '--json', 'temporal', 'setup'];
    const { code, stdout } = await inShell(process.execPath, args, {
      ...env,
      COUNTERSIGN_INSTALLATION: name,
    });
    return { code, ...(code === 0 ? (JSON.parse(stdout) as NamespaceSetup) : {}) };
  };
  expect(await told('countersign')).toMatchObject({
    code: 0,
    taskQueues: ['countersign', 'countersign-onsmqtt'],
  });
  expect(await told('payments')).toMatchObject({
    ...{ code: 0, commands: [], installation: 'payments' },
    taskQueues: ['payments', 'payments-onsmqtt'],
  });
  expect(await typesIn(namespace)).toEqual(allKeyword);
  expect(await told('Payments')).toEqual({ code: 4 });
});

test('run by several at once, all of them find the same, and nothing bad', async () => {
  const namespace = `setup-${randomUUID()}`;
  const all = await Promise.all(
    Array.from({ length: 4 }, () => setup(namespace, ['--namespace-retention', '3'])),
  );
  for (const one of all) expect(one).toMatchObject({ code: 0, bad: [], commands: [] });
  expect(await typesIn(namespace)).toEqual(allKeyword);
});

test('who loses a race for a namespace or an attribute takes what is there', async () => {
  const namespace = await namespaceWith();
  // As before the other one has made it.
  const refusals: Record<string, GrpcRefusal> = { ListSearchAttributes: { status: 5, message: 'not yet' } };
  const proxy = await startTemporalProxy({
    address,
    authorize: ({ ':path': path }) => refusals[path?.split('/').at(-1) ?? ''] ?? null,
  });
  onTestFinished(() => proxy.stop());
  const setUp = await setup(namespace, ['--namespace-retention', '3'], proxy.address);
  expect(setUp).toMatchObject({ code: 0, bad: [], commands: [] });
  expect(setUp.findings[0]?.found).toBe(`${namespace} at ${proxy.address}`);
});

test('what was made is not told as missing where the rest may not be made', async () => {
  const namespace = `setup-${randomUUID()}`;
  const proxy = await startTemporalProxy({
    address,
    authorize: ({ ':path': path }) =>
      path?.endsWith('/AddSearchAttributes') === true ? { status: 7, message: 'not for you' } : null,
  });
  onTestFinished(() => proxy.stop());
  const setUp = await setup(namespace, ['--namespace-retention', '3'], proxy.address);
  expect(setUp.code).toBe(1);
  expect(setUp.bad.map(({ name }) => name)).toEqual(['Temporal', ...names]);
  expect(setUp.findings[0]?.found).toBe(`${namespace} at ${proxy.address}, made now`);
  expect(setUp.commands).toHaveLength(1);
  expect(setUp.commands[0]).toContain('search-attribute create');
});

test('who may not look is told the commands of everything, and of a namespace that is not there', async () => {
  const denied = ['ListSearchAttributes'];
  const proxy = await startTemporalProxy({
    address,
    authorize: ({ ':path': path }) =>
      denied.some((call) => path?.endsWith(`/${call}`)) ? { status: 7, message: 'not for you' } : null,
  });
  onTestFinished(() => proxy.stop());
  const nowhere = await setup(`setup-${randomUUID()}`, ['--print'], proxy.address);
  expect(nowhere.bad.map(({ name }) => name)).toEqual(['Namespace', ...names]);
  expect(nowhere.commands).toHaveLength(2);

  denied.push('CountWorkflowExecutions');
  const unseen = await setup(await namespaceWith(), ['--print'], proxy.address);
  expect(unseen.code).toBe(1);
  expect(unseen.bad.map(({ name }) => name)).toEqual(['Temporal']);
  expect(unseen.commands).toHaveLength(1);
  for (const name of names) expect(unseen.commands[0]).toContain(`--name ${name} `);
  const withNamespace = await setup('setup-x', ['--print', '--namespace-retention', '3'], proxy.address);
  expect(withNamespace.commands).toHaveLength(2);
});

test('--print makes nothing, and what it prints makes what is missing', async () => {
  const namespace = `setup-${randomUUID()}`;
  const printed = await setup(namespace, ['--print', '--namespace-retention', '5']);
  expect(printed.code).toBe(1);
  await expect(connection.workflowService.describeNamespace({ namespace })).rejects.toThrow('not found');

  const binary = await temporalBinary({
    binDir: join(PROJECT_HOME, 'bin'),
    env: process.env,
    log: undefined,
  });
  await symlink(binary, join(folder, 'temporal'));
  for (const command of printed.commands) {
    const ran = await vi.waitFor(async () => {
      const { code, stderr } = await inShell('sh', ['-c', command], {
        PATH: `${folder}:${process.env.PATH}`,
      });
      expect(stderr).toBe('');
      return code;
    }, 20_000);
    expect(ran).toBe(0);
  }
  expect(await typesIn(namespace)).toEqual(allKeyword);
  expect(await setup(namespace, ['--print'])).toMatchObject({ code: 0, commands: [] });
});

test('an attribute of another type is left alone and told, the others are made', async () => {
  const namespace = await namespaceWith({ CountersignTarget: 3 });
  const { code, bad, commands } = await setup(namespace);
  expect(code).toBe(1);
  expect(commands).toEqual([]);
  expect(bad).toMatchObject([{ name: 'CountersignTarget', found: 'Int, expected Keyword' }]);
  expect(bad[0]?.remedy).toContain('temporal operator search-attribute remove');
  expect(await typesIn(namespace)).toEqual({ ...allKeyword, CountersignTarget: 3 });
  await connection.operatorService.removeSearchAttributes({
    namespace,
    searchAttributes: ['CountersignTarget'],
  });
  expect(await setup(namespace)).toMatchObject({ code: 0 });
});

test('who may not make attributes is told what somebody who may has to do', async () => {
  const namespace = await namespaceWith();
  const denied = ['AddSearchAttributes'];
  const proxy = await startTemporalProxy({
    address,
    authorize: ({ ':path': path }) =>
      denied.some((call) => path?.endsWith(call)) ? { status: 7, message: 'not for you' } : null,
  });
  onTestFinished(() => proxy.stop());
  const missing = await setup(namespace, [], proxy.address);
  expect(missing.code).toBe(1);
  expect(missing.bad.map(({ name }) => name)).toEqual(['Temporal', ...names]);
  expect(missing.bad[0]?.found).toContain('not for you');
  expect(missing.commands).toHaveLength(1);

  // Nor list: then only whether all are there can be seen.
  denied.push('ListSearchAttributes');
  expect(await setup(namespace, [], proxy.address)).toMatchObject({ code: 1, commands: missing.commands });
  expect(await setup(namespace)).toMatchObject({ code: 0 });
  expect(await setup(namespace, [], proxy.address)).toMatchObject({ code: 0, bad: [] });
});

test('a namespace that is full, and a server that is not there, are told', async () => {
  const others = Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`Theirs${at}`, 2]));
  const full = await setup(await namespaceWith(others));
  expect(full.code).toBe(1);
  expect(full.bad[0]?.found).toContain('more than 10 search attribute');
  const away = await setup('default', [], '127.0.0.1:1');
  expect(away).toMatchObject({ code: 1, commands: [] });
  expect(away.bad[0]?.found).toContain('ECONNREFUSED');
});

test('doctor tells of attributes that are missing, and of a namespace that is', async () => {
  vi.stubEnv('TEMPORAL_ADDRESS', address);
  vi.stubEnv('XDG_CONFIG_HOME', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  const namespace = await namespaceWith({ CountersignTarget: 3, CountersignDecision: 2 });
  vi.stubEnv('TEMPORAL_NAMESPACE', namespace);
  const [temporal, attributes] = await examineTemporal();
  expect(temporal).toMatchObject({ ok: true, found: expect.stringContaining(namespace) as string });
  expect(attributes).toMatchObject({
    ok: false,
    found:
      'CountersignOperation is missing, CountersignTarget is Int, not Keyword, CountersignExecution is missing',
  });
  vi.stubEnv('TEMPORAL_NAMESPACE', 'nowhere');
  expect(await examineTemporal()).toMatchObject([{ name: 'Temporal', ok: false }]);
  vi.stubEnv('TEMPORAL_NAMESPACE', 'default');
  expect(await examineTemporal()).toMatchObject([{ ok: true }, { ok: true, found: 'all 4 are there' }]);
});
