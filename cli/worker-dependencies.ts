import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { byDeclaration } from '../activities/declared-driver.ts';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import { onTaskQueue } from '../activities/driver-on-queue.ts';
import { startSealing } from '../audit/sealing.ts';
import { hostPatternsOf } from '../domain/host.ts';
import { createEntryVerifier, createStatementVerifier } from '../identity/statement-signer.ts';
import { createCallPace } from '../onsmqtt/call-pace.ts';
import { createOnsMqtt } from '../onsmqtt/client.ts';
import { createCredential } from '../onsmqtt/credentials.ts';
import { onsMqttImplementations } from '../onsmqtt/implementations.ts';
import { servedRegion } from '../onsmqtt/region.ts';
import { isDeclared, loadedOperation } from '../declarations/declared-operation.ts';
import type { Implementation } from '../operations/implement.ts';
import { makeImplementations } from '../operations/implementations.ts';
import type { Operations } from '../operations/registry.ts';
import { policyChoice } from '../policies/choose.ts';
import type { HostCodec } from '../codec/host-codec.ts';
import { plainEncoding } from '../domain/answer-encoding.ts';
import { claimCalls } from '../store/claim-calls.ts';
import { changeLinks } from './change-link.ts';
import { openDatabase } from './database.ts';
import type { DatabaseOptions } from './database.ts';
import { openDirectory } from './directory.ts';
import type { Environment } from './environment.ts';
import { freezeCalendar } from './freeze-calendar.ts';
import { openIntegrations } from './integrations.ts';
import type { WorkerDependencies } from './opened-dependencies.ts';
import { readLogVerifiers, readWitnessVerifiers, statementPublicKey } from './keys.ts';
import { makeLoadedLog } from './loaded-log.ts';
import { openImplementations, openOperations } from './operations.ts';
import { openPayloads } from './payloads.ts';
import { openPolicies } from './policies.ts';
import { rereadOnHangup } from './reread.ts';
import { temporalConfig } from './temporal.ts';
import { openTicketReaders } from './ticket-readers.ts';
import { sessionRole, vendorKey } from './vendor-key.ts';
import { wayOut } from './way-out.ts';

/** Operations that workers of other task queues carry out; a driver of this worker's own files comes first. */
export function onOwnQueues(
  operations: Operations,
  own: readonly Implementation[],
  hostCodecs: readonly HostCodec[] = [],
): Implementation[] {
  return operations.list.flatMap((operation) => {
    const { name, taskQueue } = operation;
    const isOwn = own.some((implementation) => implementation.operation.name === name);
    if (isOwn || taskQueue === undefined) return [];
    const [encoding = plainEncoding] =
      hostCodecs.find(({ taskQueues = [] }) => taskQueues.includes(taskQueue))?.encodings ?? [];
    return [
      isDeclared(operation)
        ? byDeclaration(operation, encoding)
        : onTaskQueue(operation, taskQueue, encoding),
    ];
  });
}

/** Whose the database has to be. */
interface DatabasePlace extends Pick<DatabaseOptions, 'mayClaim'> {
  /** Temporal's; default: that of its variables. */
  readonly namespace?: string;
}

/**
 * Opens what the environment names: database, log, keys, vendor, policies, directory and calendar.
 *
 * @param place - to which namespace the database has to belong
 */
export async function workerDependencies(
  env: Environment,
  log: Logger,
  told: Pick<ActivityDependencies, 'onAttempt' | 'onDecision' | 'alarm'> = {},
  { namespace = temporalConfig().namespace, mayClaim }: DatabasePlace = {},
): Promise<WorkerDependencies> {
  const region = servedRegion(env.ONSMQTT_REGION, env.ONSMQTT_ENDPOINT);
  const operations = await openOperations(env);
  const own = await openImplementations(env);
  const payloads = await openPayloads(env, log, told.alarm);
  const loaded = makeLoadedLog(log);
  loaded.tell({ type: 'operations.loaded', operations: operations.list.map(loadedOperation) });
  const policies = await openPolicies(env, log, operations, told.alarm, ({ rules, sha256 = null }) => {
    loaded.tell({ type: 'policies.loaded', sha256, policies: rules.map(({ policy }) => policy) });
  });
  const { freezes, sha256: ofCalendar } = await freezeCalendar(env, operations);
  loaded.tell({ type: 'calendar.loaded', sha256: ofCalendar, freezes });
  const directory = await openDirectory(env, log, (sha256) => {
    loaded.tell({ type: 'directory.loaded', sha256 });
  });
  const { COUNTERSIGN_INSTALLATION: installation } = env;
  const pool = await openDatabase(env, log, {
    ...{ name: 'worker', max: 20 },
    owner: { installation, namespace },
    ...(mayClaim === undefined ? {} : { mayClaim }),
  });
  loaded.start(pool);
  const sealing = startSealing({
    pool,
    log,
    keys: {
      log: await readLogVerifiers(env, log),
      witnesses: env.COUNTERSIGN_WITNESS_REQUIRED === 'true' ? await readWitnessVerifiers(env, log) : [],
    },
  });
  const keyFiles = env.COUNTERSIGN_STATEMENT_PUBLIC_KEYS?.split(',') ?? [
    await statementPublicKey(env.COUNTERSIGN_HOME),
  ];
  const statementKeys = await Promise.all(keyFiles.map((file) => readFile(file, 'utf8')));
  const role = sessionRole(env);
  const { agentFor } = wayOut(env);
  const onsMqtt = createOnsMqtt({
    ...(env.ONSMQTT_ENDPOINT === undefined ? {} : { endpoint: env.ONSMQTT_ENDPOINT }),
    region,
    credential: () => createCredential(vendorKey(env)),
    ...(role === undefined ? {} : { role }),
    deadlineMs: env.ONSMQTT_DEADLINE_MS,
    agentFor,
    pace: createCallPace({
      callsPerSecond: env.ONSMQTT_CALLS_PER_SECOND,
      claimSlots: (count, intervalMicros) =>
        claimCalls(pool, { account: env.ONSMQTT_ACCOUNT, count, intervalMicros }),
    }),
  });
  const dependencies: ActivityDependencies = {
    pool,
    installation,
    namespace,
    sealing,
    region,
    policies: policyChoice(policies),
    hosts: hostPatternsOf(env.COUNTERSIGN_HOSTS ?? '') ?? [],
    operations,
    implementations: makeImplementations(operations, [
      ...onsMqttImplementations(onsMqtt),
      ...own,
      ...onOwnQueues(operations, own, payloads.hostCodecs),
    ]),
    linkOf: changeLinks(env, (await openIntegrations(env)).changeUrl),
    verifyStatement: createStatementVerifier(statementKeys),
    verifyEntry: createEntryVerifier(statementKeys),
    calendar: freezes,
    ...directory,
    tickets: await rereadOnHangup(
      async () => openTicketReaders(env, await openIntegrations(env)),
      log,
      'the ticket systems',
    ),
    ...told,
  };
  return {
    dependencies,
    payloads,
    async close() {
      loaded.stop();
      await sealing.stop();
      await pool.end();
    },
  };
}
