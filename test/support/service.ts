import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { inject } from 'vitest';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { createApp } from '../../api/app.ts';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { createEngine } from '../../api/engine.ts';
import type { Engine } from '../../api/engine.ts';
import { makeRefusalLog } from '../../api/refusal-log.ts';
import { tellUntold } from '../../api/tell-stop-words.ts';
import type { ChangeView } from '../../api/change-view.ts';
import { startEntryFeed } from '../../audit/follow.ts';
import { startSealing } from '../../audit/sealing.ts';
import { apiClient } from '../../client/api-client.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { readVerifiers, statementKeys } from '../../cli/keys.ts';
import { startLog } from '../../cli/log.ts';
import { registerSearchAttributes } from '../../cli/temporal-namespace.ts';
import { verifierBundle } from '../../cli/verifier-bundle.ts';
import { workflowBundle } from '../../cli/workflow-bundle.ts';
import { dataConverter } from '../../codec/data-converter.ts';
import type { PayloadOptions } from '../../codec/data-converter.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { defaultInstallation, taskQueuesOf } from '../../domain/installation.ts';
import { policyChoice } from '../../policies/choose.ts';
import type { PolicyChoice, PolicyQuestion } from '../../policies/choose.ts';
import { onePolicy } from '../../policies/load.ts';
import type { PolicySource } from '../../policies/load.ts';
import { startIdentityProvider } from '../../embedded/identity-provider.ts';
import type { IdentityProvider } from '../../embedded/identity-provider.ts';
import {
  createEntryVerifier,
  createStatementSigner,
  createStatementVerifier,
} from '../../identity/statement-signer.ts';
import { withApiTokens } from '../../identity/api-token.ts';
import { createTokenVerifier } from '../../identity/token-verifier.ts';
import { createCallPace } from '../../onsmqtt/call-pace.ts';
import { createCredential } from '../../onsmqtt/credentials.ts';
import { CountersignPlugin } from '../../plugin/countersign-plugin.ts';
import { gateServiceHandler } from '../../plugin/gate-service.ts';
import { startSimulator } from '../../simulator/server.ts';
import { apiTokenStore } from '../../store/api-token-store.ts';
import { claimCalls } from '../../store/claim-calls.ts';
import { makePool } from '../../store/pool.ts';
import { cloneDatabase } from './database.ts';
import type { TestDatabase } from './database.ts';
import { interceptorsAt, withFaultPoints } from './fault-points.ts';
import type { AtPoint } from './fault-points.ts';
import { implementationsBy, operations } from './operations.ts';
import { quietRuntime } from './quiet-runtime.ts';
import { PROJECT_HOME, temporaryHome } from './stack.ts';

export const key = { accessKeyId: 'test-key', accessKeySecret: 'test-secret' };
export const instance = 'post-cn-test00001';
/** The region that the tests' installation serves. */
const servedHere = 'cn-hangzhou';
export const demoUsers = ['alice', 'erin', 'bob', 'carol', 'frank', 'dave', 'olga', 'adam'] as const;
type DemoUser = (typeof demoUsers)[number];

/** Servers of a test's own, which it may kill. */
export interface Servers {
  readonly temporalAddress?: string;
  /** One that is there with its search attributes; else one of the testbed's own is made. */
  readonly namespace?: string;
  readonly database?: TestDatabase;
  readonly identity?: IdentityProvider;
}

/** Everything but the API and the worker: a database and a namespace of a test file's own, identity, simulator, sequencer. */
export async function startTestbed(servers: Servers = {}) {
  const home = await temporaryHome();
  const temporalAddress = servers.temporalAddress ?? inject('temporalAddress');
  const [database, identity, simulator, connection] = await Promise.all([
    servers.database ?? cloneDatabase(),
    servers.identity ?? startIdentityProvider({ home, audience: 'countersign' }),
    startSimulator({ accessKeys: { [key.accessKeyId]: key.accessKeySecret } }),
    Connection.connect({ address: temporalAddress }),
  ]);
  const namespace = servers.namespace ?? (await makeNamespace(connection));
  const client = new Client({ connection, namespace });
  const signerPool = makePool({
    connectionString: database.url('signer'),
    applicationName: 'test signer',
    max: 4,
  });
  const logOfTestbed = () =>
    startLog(
      readEnvironment({ COUNTERSIGN_HOME: home }),
      signerPool,
      pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }),
    );
  let log = await logOfTestbed();
  const keys = await statementKeys(home);
  const control = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${simulator.url}${path}`, {
      method,
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`the simulator refused ${path}: ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  };
  return {
    home,
    database,
    identity,
    simulator,
    namespace,
    temporalAddress,
    client,
    connection,
    keys,
    /** What the test's workers ask for policies. Each of its APIs may have its own: they have that of the one that was asked. */
    ...policiesOfApis(),
    /** Takes the sequencer and the signer away, until {@link startLog}. */
    stopLog: () => log.stop(),
    async startLog(): Promise<void> {
      log = await logOfTestbed();
    },
    /** File of the log's public key. */
    logPublicKey: join(home, 'keys', 'log.vkey'),
    /** A fresh inactive certificate; answers its serial number. */
    async certificate(overrides: object = {}): Promise<string> {
      const sn = `SN-${randomUUID()}`;
      await control('PUT', '/_sim/certificates', {
        mqttInstanceId: instance,
        sn,
        caName: 'line',
        status: '0',
        ...overrides,
      });
      return sn;
    },
    /** A fresh inactive device certificate under a CA certificate of the testbed; answers its serial number. */
    async deviceCertificate(caSn: string, overrides: object = {}): Promise<string> {
      const deviceSn = `DEVICE-${randomUUID()}`;
      await control('PUT', '/_sim/device-certificates', {
        mqttInstanceId: instance,
        caSn,
        deviceSn,
        status: '0',
        ...overrides,
      });
      return deviceSn;
    },
    /** The next answers to ActiveCaCertificate for a serial number. */
    fault: (sn: string, fault: object) =>
      control('POST', '/_sim/faults', { action: 'ActiveCaCertificate', sn, ...fault }),
    control,
    /** The next read of a CA certificate, or by another action, lasts so long, ms. */
    async slowRead(sn: string, delayMs: number, action = 'GetCaCertificate'): Promise<void> {
      await control('POST', '/_sim/faults', { action, sn, kind: 'pass', delayMs });
    },
    /** Waits until all that was scripted for a serial number has begun. */
    untilScriptTaken: (sn: string): Promise<true> =>
      eventually(async () => {
        const { faults } = (await control('GET', '/_sim/faults')) as { faults: { sn?: string }[] };
        return faults.some((fault) => fault.sn === sn) ? null : true;
      }),
    /** Calls of an action that the simulator saw for a CA certificate's serial number. */
    async calls(
      sn: string,
      action = 'ActiveCaCertificate',
    ): Promise<{ action: string; status: number; applied: boolean; requestId: string }[]> {
      const { calls } = (await control(
        'GET',
        `/_sim/calls?action=${action}&sn=${encodeURIComponent(sn)}`,
      )) as {
        calls: { action: string; status: number; applied: boolean; requestId: string }[];
      };
      return calls;
    },
    async stop(): Promise<void> {
      await log.stop();
      await signerPool.end();
      await simulator.close();
      await identity.stop();
      await connection.close();
      await database.drop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

export async function makeNamespace(connection: Connection): Promise<string> {
  const namespace = `test-${randomUUID()}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 } as never,
  });
  await eventually(async () => {
    await registerSearchAttributes(connection, namespace);
    return true;
  });
  return namespace;
}

function policiesOfApis() {
  const sources = new Map<string, PolicySource>();
  const choiceFor = ({ target }: PolicyQuestion) =>
    policyChoice(sources.get(target.id) ?? onePolicy(fourEyes));
  const policies: PolicyChoice = {
    forPerson: (asked, at) => choiceFor(asked).forPerson(asked, at),
    forHost: (asked, at) => choiceFor(asked).forHost(asked, at),
  };
  return {
    policies,
    /** An engine whose submissions the workers find under the policies of the API that has it. */
    engineUnder: (source: PolicySource, engine: Engine): Engine => ({
      ...engine,
      submit(request) {
        sources.set(request.target.id, source);
        return engine.submit(request);
      },
    }),
  };
}
export type Testbed = Awaited<ReturnType<typeof startTestbed>>;

/** An API of this process on a free port of loopback, on real parts but for what is overridden. */
export async function serveApi(testbed: Testbed, overrides: Partial<ApiDependencies> = {}) {
  const pool = makePool({ connectionString: testbed.database.url('api'), applicationName: 'test api' });
  const feed = startEntryFeed({ pool });
  const log = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });
  const { namespace } = testbed;
  const { policies = onePolicy(fourEyes), engine = createEngine(testbed.client, 20_000) } = overrides;
  const { db = pool, alarm } = overrides;
  const signer = overrides.signer ?? createStatementSigner(await readFile(testbed.keys.privateKey, 'utf8'));
  const refusals = makeRefusalLog({ db, signer, namespace, log, ...(alarm ? { alarm } : {}) });
  const deps: ApiDependencies = {
    db: pool,
    feed,
    tokens: withApiTokens(
      createTokenVerifier({ issuer: testbed.identity.issuer, audience: 'countersign' }),
      apiTokenStore(overrides.db ?? pool),
    ),
    issuer: testbed.identity.issuer,
    signer,
    refusals,
    verifier: () => verifierBundle(PROJECT_HOME),
    operations,
    policies,
    region: servedHere,
    log,
    namespace,
    metrics: null,
    writesPerMinute: 10_000,
    tokensPerMinute: 10_000,
    refusedTokensPerMinute: 10_000,
    ...overrides,
    engine: testbed.engineUnder(policies, engine),
  };
  const app = createApp(deps);
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pool,
    /** As the process does from time to time. */
    tellStops: () => tellUntold(deps),
    stop: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await feed.stop();
      await pool.end();
    },
  };
}

/** A client of a testbed's that stores payloads in this way. */
export function clientWith({ connection, namespace }: Testbed, payloads: PayloadOptions): Client {
  return new Client({ connection, namespace, dataConverter: dataConverter(payloads) });
}

/** The API with a client for each demo user. @param options - `stored`: how it stores payloads, and which it reads */
export async function startApi(
  testbed: Testbed,
  options: { engineDeadlineMs?: number; stored?: PayloadOptions } & Partial<ApiDependencies> = {},
) {
  const { engineDeadlineMs = 20_000, stored, ...overrides } = options;
  const client = stored === undefined ? testbed.client : clientWith(testbed, stored);
  const { url, stop, tellStops } = await serveApi(testbed, {
    engine: createEngine(client, engineDeadlineMs, {
      hidesTargets: stored?.keys != null,
      ...(overrides.installation === undefined ? {} : { installation: overrides.installation }),
    }),
    ...overrides,
  });
  const users = Object.fromEntries(
    await Promise.all(
      demoUsers.map(async (user) => [user, apiClient(url, await testbed.identity.tokenFor(user))] as const),
    ),
  ) as Record<DemoUser, ApiClient>;
  return { url, users, stop, tellStops };
}

/** What the activities work with, on real parts. */
export async function dependenciesOf(
  testbed: Testbed,
): Promise<ActivityDependencies & { stop(): Promise<void> }> {
  const pool = makePool({ connectionString: testbed.database.url('worker'), applicationName: 'test worker' });
  const sealing = startSealing({
    pool,
    keys: { log: await readVerifiers([testbed.logPublicKey]), witnesses: [] },
  });
  return {
    pool,
    sealing,
    region: servedHere,
    policies: testbed.policies,
    hosts: [{ namespace: '*', type: '*' }],
    operations,
    implementations: implementationsBy({
      endpoint: testbed.simulator.url,
      credential: () => createCredential(key),
      // Answers come in ms, but the simulator shares this process with everything else.
      deadlineMs: 3000,
      pace: createCallPace({
        callsPerSecond: 500,
        claimSlots: (count, intervalMicros) =>
          claimCalls(pool, { account: 'default', count, intervalMicros }),
      }),
    }),
    verifyStatement: createStatementVerifier([await readFile(testbed.keys.publicKey, 'utf8')]),
    verifyEntry: createEntryVerifier([await readFile(testbed.keys.publicKey, 'utf8')]),
    async stop() {
      await sealing.stop();
      await pool.end();
    },
  };
}

/**
 * Both workers in this process, made with the plugin and in no other way.
 *
 * @param at - called at the points of faults
 * @param stored - how they store payloads, and which they read
 */
export async function startWorkers(
  testbed: Testbed,
  {
    at,
    nexus = false,
    stored = {},
    code,
    ...overrides
  }: Partial<ActivityDependencies> & {
    readonly at?: AtPoint;
    readonly nexus?: boolean;
    readonly stored?: PayloadOptions;
    /** Other workflow code than today's. */
    readonly code?: { readonly codePath: string };
  } = {},
) {
  quietRuntime();
  const deps = await dependenciesOf(testbed);
  const dependencies = { ...deps, ...overrides };
  const plugin = new CountersignPlugin({
    dependencies: at ? withFaultPoints(dependencies, at) : dependencies,
    payloads: stored,
  });
  const queues = taskQueuesOf(dependencies.installation ?? defaultInstallation);
  const connection = await NativeConnection.connect({ address: testbed.temporalAddress });
  const shared = {
    connection,
    namespace: testbed.namespace,
    plugins: [plugin],
    ...(at ? { interceptors: interceptorsAt(at) } : {}),
    shutdownGraceTime: '5 seconds',
  };
  const workers = [
    await Worker.create({
      ...shared,
      taskQueue: queues.changes,
      nexusServices: nexus ? [gateServiceHandler] : [],
      workflowBundle: code ?? (await workflowBundle(PROJECT_HOME, [], stored.keys != null)),
    }),
    await Worker.create({ ...shared, taskQueue: queues.calls }),
  ];
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    async stop(): Promise<void> {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
      await deps.stop();
    },
  };
}

/** A body for `POST /v1/changes`. */
export function submission(sn: string, extra: object = {}) {
  return {
    operation: 'ActiveCaCertificate',
    input: { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn },
    justification: 'the line moves to the new gateway',
    ...extra,
  };
}

/** Waits for a change to be as wanted. */
export async function changeThat(
  api: ApiClient,
  id: string,
  holds: (change: ChangeView) => boolean,
): Promise<ChangeView> {
  let last: ChangeView | undefined;
  return eventually(
    async () => {
      last = await api.change(id);
      return holds(last) ? last : null;
    },
    () => JSON.stringify({ ...last, decisions: undefined }),
  );
}

/** Asks until the answer is neither null nor an error; the last one is thrown after two minutes. */
export async function eventually<T>(
  ask: () => Promise<T | null>,
  describe: () => string = () => '',
  patienceMs = 120_000,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    let failure: unknown = new Error(`what was waited for did not come: ${describe()}`);
    try {
      const found = await ask();
      if (found !== null) return found;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > deadline) throw failure;
    await delay(50);
  }
}
