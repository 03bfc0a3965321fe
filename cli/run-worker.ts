import { hostname } from 'node:os';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { closeOrphans } from '../activities/close-orphans.ts';
import { watchStored } from '../activities/watch-stored.ts';
import { taskQueuesOf } from '../domain/installation.ts';
import { workerIdentity } from '../domain/worker-identity.ts';
import { gateServiceHandler } from '../plugin/gate-service.ts';
import { CountersignPlugin } from '../plugin/countersign-plugin.ts';
import { databaseId } from '../store/database-id.ts';
import { makeAlarms } from './alarms.ts';
import { assertNamespace } from './assert-namespace.ts';
import type { Environment } from './environment.ts';
import { serveWorkerMetrics } from './metrics.ts';
import { findStrangers, watchPollers } from './pollers.ts';
import { makeLog, untilStopped } from './process.ts';
import { temporalClient, temporalConnection } from './temporal.ts';
import { registerSearchAttributes } from './temporal-namespace.ts';
import { startTracing } from './tracing.ts';
import { workerDependencies } from './worker-dependencies.ts';
import { workflowBundle } from './workflow-bundle.ts';

const orphanCheckMs = 30_000;
/** How often a worker compares what is stored with the log, ms: what has moved since, and a page of all. */
const compareMs = 60_000;
/**
 * Changes kept in memory between their steps; one that is not is replayed from its history, a few ms. Most wait for days,
 * so the cache is for those that are under way.
 */
const cachedChanges = 100;

/** The worker process: one worker for changes, one for the vendor's calls, both made with CountersignPlugin. */
export async function runWorker(env: Environment): Promise<void> {
  const log = makeLog('worker', env);
  const tracing = startTracing('countersign-worker', env);
  const alarms = makeAlarms(log);
  const metrics = await serveWorkerMetrics(env, alarms);
  Runtime.install({
    // The process decides when to stop; see below.
    shutdownSignals: [],
    // Lines of Temporal's core become lines of our log: by itself it writes coloured text to stdout.
    telemetryOptions: {
      ...metrics.telemetryOptions,
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
    },
    logger: temporalLogger(log),
  });
  const { onAttempt, onDecision } = metrics;
  const tellers = { onAttempt, onDecision, alarm: alarms.raise };
  const opened = await workerDependencies(env, log, tellers, { mayClaim: assertNamespace });
  await assertNamespace();
  const { dependencies, payloads } = opened;
  const queues = taskQueuesOf(env.COUNTERSIGN_INSTALLATION);
  const plugin = new CountersignPlugin({ dependencies, payloads });
  const [{ connection, namespace }, { codePath }] = await Promise.all([
    temporalConnection(),
    workflowBundle(env.COUNTERSIGN_HOME, tracing.plugins, payloads.keys != null),
  ]);
  const { client, connection: clientConnection } = temporalClient();
  await registerSearchAttributes(clientConnection, namespace).catch((err: unknown) => {
    log.warn({ err: err as Error }, 'search attributes could not be registered; see docs/operations.md');
  });
  const { COUNTERSIGN_INSTALLATION: installation } = env;
  const ownDatabase = await databaseId(dependencies.pool).catch(() => null);
  const shared = {
    connection,
    namespace,
    // By it, workers of other databases on these task queues are known.
    ...(ownDatabase === null
      ? {}
      : { identity: workerIdentity(ownDatabase, `${process.pid}@${hostname()}`) }),
    plugins: [plugin, ...tracing.plugins],
    shutdownGraceTime: '8 seconds',
  };
  const changes = await Worker.create({
    ...shared,
    taskQueue: queues.changes,
    nexusServices: env.COUNTERSIGN_NEXUS_ENDPOINT === undefined ? [] : [gateServiceHandler],
    workflowBundle: { codePath },
    maxCachedWorkflows: cachedChanges,
    maxConcurrentWorkflowTaskExecutions: 20,
  });
  const vendor = await Worker.create({
    ...shared,
    taskQueue: queues.calls,
    maxConcurrentActivityTaskExecutions: 100,
  });
  const orphaned = { place: { after: null }, told: new Set<string>() };
  let isStopping = false;
  const orphans = setInterval(() => {
    closeOrphans({ pool: dependencies.pool, client, log, namespace, ...orphaned }).catch((err: unknown) => {
      // Cut short by our own end: whoever runs next looks again.
      if (isStopping) return;
      log.warn({ err: err as Error }, 'changes without a workflow could not be looked for');
    });
  }, orphanCheckMs);

  const watched = { entryId: null, changeId: null };
  const { pool, verifyEntry } = dependencies;
  const watch = setInterval(() => {
    watchStored({ pool, verifyEntry, namespace, alarm: alarms.raise }, watched).catch((err: unknown) => {
      if (isStopping) return;
      log.warn({ err: err as Error }, 'stored changes could not be compared with the log');
    });
  }, compareMs);

  const pollers =
    ownDatabase === null
      ? null
      : watchPollers(
          () =>
            findStrangers({ connection: clientConnection, namespace, installation, databaseId: ownDatabase }),
          { log, alarm: alarms.raise },
        );

  const running = Promise.all([changes.run(), vendor.run()]);
  log.info({ namespace, taskQueues: Object.values(queues) }, 'worker runs');
  await Promise.race([untilStopped(), running]);
  isStopping = true;
  clearInterval(orphans);
  clearInterval(watch);
  pollers?.stop();
  changes.shutdown();
  vendor.shutdown();
  await running;
  await connection.close();
  await client.connection.close();
  await opened.close();
  await metrics.stop();
  await tracing.stop();
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
