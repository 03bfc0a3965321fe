import { readFile } from 'node:fs/promises';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { closeOrphans } from '../activities/close-orphans.ts';
import type { ActivityDependencies, FaultPoint } from '../activities/dependencies.ts';
import { startSealing } from '../audit/sealing.ts';
import type { Sealing } from '../audit/sealing.ts';
import { createStatementVerifier } from '../identity/statement-signer.ts';
import { makeWebhook } from '../activities/webhook.ts';
import { createCallPace } from '../onsmqtt/call-pace.ts';
import { createOnsMqtt } from '../onsmqtt/client.ts';
import { createCredential } from '../onsmqtt/credentials.ts';
import { CountersignPlugin } from '../plugin/countersign-plugin.ts';
import { claimCalls } from '../store/claim-calls.ts';
import { changeTaskQueue, vendorTaskQueue } from '../workflows/messages.ts';
import { openDatabase } from './database.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';
import { readLogVerifiers, readWitnessVerifiers, statementKeys } from './keys.ts';
import { openDirectory } from './directory.ts';
import { freezeCalendar } from './freeze-calendar.ts';
import { serveWorkerMetrics } from './metrics.ts';
import { makeLog, untilStopped } from './process.ts';
import { registerSearchAttributes, temporalClient, temporalConnection } from './temporal.ts';
import { startTracing } from './tracing.ts';
import { workflowBundle } from './workflow-bundle.ts';

const orphanCheckMs = 30_000;
/**
 * Changes kept in memory between their steps; one that is not is replayed from its history, a few ms. Most wait for days,
 * so the cache is for those that are under way.
 */
const cachedChanges = 100;

/** The worker process: one worker for changes, one for the vendor's calls, both made with CountersignPlugin. */
export async function runWorker(env: Environment): Promise<void> {
  const log = makeLog('worker', env);
  const tracing = startTracing('countersign-worker', env);
  const metrics = await serveWorkerMetrics(env);
  Runtime.install({
    // The process decides when to stop; see below.
    shutdownSignals: [],
    telemetryOptions: metrics.telemetryOptions,
    logger: temporalLogger(log),
  });
  const pool = await openDatabase(env, log, 'worker', 20);
  const sealing = startSealing({
    pool,
    log,
    keys: {
      log: await readLogVerifiers(env, log),
      witnesses: env.COUNTERSIGN_WITNESS_REQUIRED === 'true' ? await readWitnessVerifiers(env, log) : [],
    },
  });
  const plugin = new CountersignPlugin({
    dependencies: await dependencies(env, log, pool, sealing, metrics),
  });
  const [{ connection, namespace }, { codePath }] = await Promise.all([
    temporalConnection(),
    workflowBundle(env.COUNTERSIGN_HOME, tracing.plugins),
  ]);
  const { client, connection: clientConnection } = temporalClient();
  await registerSearchAttributes(clientConnection, namespace).catch((err: unknown) => {
    log.warn({ err: err as Error }, 'search attributes could not be registered; see docs/operations.md');
  });
  const shared = {
    connection,
    namespace,
    plugins: [plugin, ...tracing.plugins],
    shutdownGraceTime: '8 seconds',
  };
  const changes = await Worker.create({
    ...shared,
    taskQueue: changeTaskQueue,
    workflowBundle: { codePath },
    maxCachedWorkflows: cachedChanges,
    maxConcurrentWorkflowTaskExecutions: 20,
  });
  const vendor = await Worker.create({
    ...shared,
    taskQueue: vendorTaskQueue,
    maxConcurrentActivityTaskExecutions: 100,
  });
  let isStopping = false;
  const orphans = setInterval(() => {
    closeOrphans({ pool, client, log, namespace }).catch((err: unknown) => {
      // Cut short by our own end: whoever runs next looks again.
      if (isStopping) return;
      log.warn({ err: err as Error }, 'changes without a workflow could not be looked for');
    });
  }, orphanCheckMs);

  const running = Promise.all([changes.run(), vendor.run()]);
  log.info({ namespace, taskQueues: [changeTaskQueue, vendorTaskQueue] }, 'worker runs');
  await Promise.race([untilStopped(), running]);
  isStopping = true;
  clearInterval(orphans);
  changes.shutdown();
  vendor.shutdown();
  await running;
  await connection.close();
  await client.connection.close();
  await sealing.stop();
  await pool.end();
  await metrics.stop();
  await tracing.stop();
}

async function dependencies(
  env: Environment,
  log: ReturnType<typeof makeLog>,
  pool: ActivityDependencies['pool'],
  sealing: Sealing,
  told: Required<Pick<ActivityDependencies, 'onAttempt' | 'onDecision'>>,
): Promise<ActivityDependencies> {
  const keyFiles = env.COUNTERSIGN_STATEMENT_PUBLIC_KEYS?.split(',') ?? [
    (await statementKeys(env.COUNTERSIGN_HOME)).publicKey,
  ];
  const { ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId, ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret } = env;
  const key =
    accessKeyId === undefined || accessKeySecret === undefined
      ? null
      : {
          accessKeyId,
          accessKeySecret,
          ...(env.ALIBABA_CLOUD_SECURITY_TOKEN ? { securityToken: env.ALIBABA_CLOUD_SECURITY_TOKEN } : {}),
        };
  const fatal = env.COUNTERSIGN_FAULT_POINT as FaultPoint | undefined;
  return {
    pool,
    sealing,
    onsMqtt: createOnsMqtt({
      ...(env.ONSMQTT_ENDPOINT === undefined ? {} : { endpoint: env.ONSMQTT_ENDPOINT }),
      credential: () => createCredential(key),
      deadlineMs: env.ONSMQTT_DEADLINE_MS,
      pace: createCallPace({
        callsPerSecond: env.ONSMQTT_CALLS_PER_SECOND,
        claimSlots: (count, intervalMicros) =>
          claimCalls(pool, { account: env.ONSMQTT_ACCOUNT, count, intervalMicros }),
      }),
    }),
    verifyStatement: createStatementVerifier(
      await Promise.all(keyFiles.map((file) => readFile(file, 'utf8'))),
    ),
    calendar: await freezeCalendar(env),
    groupsIn: await openDirectory(env, log),
    webhook:
      env.COUNTERSIGN_WEBHOOK_URL === undefined
        ? null
        : makeWebhook(env.COUNTERSIGN_WEBHOOK_URL, required(env, 'COUNTERSIGN_WEBHOOK_SECRET')),
    onAttempt: told.onAttempt,
    onDecision: told.onDecision,
    ...(fatal === undefined
      ? {}
      : {
          at: (point) => {
            if (point === fatal) process.kill(process.pid, 'SIGKILL');
          },
        }),
  };
}

/** Temporal's own messages in our log, with the change's id and without task tokens. */
function temporalLogger(log: ReturnType<typeof makeLog>): DefaultLogger {
  return new DefaultLogger('WARN', ({ level, message, meta = {} }) => {
    // One of the two workers is meant to have no workflows.
    if (message.startsWith('No workflows registered')) return;
    const { taskToken: _token, workflowId, ...rest } = meta as Record<string, unknown>;
    const changeId = typeof workflowId === 'string' ? workflowId.replace(/^change-/, '') : undefined;
    log[level === 'ERROR' ? 'error' : 'warn'](
      { ...rest, ...(changeId === undefined ? {} : { changeId }) },
      message,
    );
  });
}
