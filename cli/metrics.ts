import { createServer } from 'node:http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import type { TelemetryOptions } from '@temporalio/worker';
import type { Pool } from 'pg';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import { readForwardBacklog } from '../audit/forward/backlog.ts';
import { readUnsealed } from '../audit/unsealed.ts';
import type { ConsoleDependencies } from '../console/dependencies.ts';
import type { SessionsDependencies } from '../console/sessions.ts';
import { countChangesByStatus } from '../store/count-changes-by-status.ts';
import { countConsoleSessions } from '../store/count-console-sessions.ts';
import { listSubscriptions } from '../store/list-subscriptions.ts';
import { noBacklog, readBacklog } from '../store/read-backlog.ts';
import type { DelivererOptions } from '../tickets/outbox/deliverer.ts';
import { observeAlarms } from './alarms.ts';
import type { Alarms } from './alarms.ts';
import type { Environment } from './environment.ts';

/** The API's metrics: changes by status, as Postgres has them. Answers Prometheus text. */
export function apiMetrics(pool: Pool, alarms: Alarms): () => Promise<string> {
  const { exporter, meter } = makeMeter();
  observeAlarms(meter, alarms);
  meter
    .createObservableGauge('countersign_changes', {
      description: 'Changes by decision and execution status.',
    })
    .addCallback(async (result) => {
      for (const { count, decisionStatus, executionStatus, reviewStatus } of await countChangesByStatus(
        pool,
      )) {
        result.observe(count, { decision: decisionStatus, execution: executionStatus, review: reviewStatus });
      }
    });
  const seconds = meter.createObservableGauge('countersign_log_unsealed_seconds', {
    description: 'For how long the oldest entry that no checkpoint covers has waited.',
  });
  const entries = meter.createObservableGauge('countersign_log_unsealed_entries', {
    description: 'Entries that no checkpoint covers.',
  });
  meter.addBatchObservableCallback(
    async (result) => {
      const unsealed = await readUnsealed(pool);
      result.observe(seconds, unsealed.seconds);
      result.observe(entries, unsealed.entries);
    },
    [seconds, entries],
  );
  return () => collect(exporter);
}

/** The worker's metrics and, where METRICS_PORT names a port, their server; Temporal's own are on the port after it. */
export async function serveWorkerMetrics(
  env: Environment,
  alarms: Alarms,
): Promise<{
  telemetryOptions: TelemetryOptions;
  onAttempt: NonNullable<ActivityDependencies['onAttempt']>;
  onDecision: NonNullable<ActivityDependencies['onDecision']>;
  stop(): Promise<void>;
}> {
  const { exporter, meter } = makeMeter();
  observeAlarms(meter, alarms);
  const attempts = meter.createCounter('countersign_attempts', {
    description: 'Ended calls of the vendor, by class and code.',
  });
  const onAttempt: NonNullable<ActivityDependencies['onAttempt']> = ({ class: faultClass, code }) =>
    attempts.add(1, { class: faultClass, code });
  const waits = meter.createHistogram('countersign_approval_wait_seconds', {
    description: 'Time from submission to a decision, in seconds.',
    unit: 's',
    advice: { explicitBucketBoundaries: [60, 300, 900, 3600, 14_400, 86_400, 259_200, 604_800] },
  });
  const onDecision: NonNullable<ActivityDependencies['onDecision']> = ({ decision, waitMs }) =>
    waits.record(waitMs / 1000, { decision });
  if (env.METRICS_PORT === undefined) {
    return { telemetryOptions: {}, onAttempt, onDecision, stop: () => Promise.resolve() };
  }
  const stop = await serve(exporter, env.METRICS_PORT, env.HOST);
  return {
    telemetryOptions: { metrics: { prometheus: { bindAddress: `${env.HOST}:${env.METRICS_PORT + 1}` } } },
    onAttempt,
    onDecision,
    stop,
  };
}

/** The signer's metrics and, where METRICS_PORT names a port, their server. */
export async function serveSignerMetrics(
  env: Environment,
  alarms: Alarms,
): Promise<{
  onPublished: (checkpoint: { readonly size: number }) => void;
  onRefusal: (code: string | null) => void;
  onAnswer: (cosigned: number | null) => void;
  stop(): Promise<void>;
}> {
  const { exporter, meter } = makeMeter();
  observeAlarms(meter, alarms);
  const now = { size: 0, cosigned: 0, witnessAnswers: 1, refusal: null as string | null };
  meter
    .createObservableGauge('countersign_checkpoint_size', { description: 'Entries that are sealed.' })
    .addCallback((result) => result.observe(now.size));
  meter
    .createObservableGauge('countersign_cosigned_size', {
      description: 'Entries that the witness has cosigned.',
    })
    .addCallback((result) => result.observe(now.cosigned));
  meter
    .createObservableGauge('countersign_witness_answers', {
      description: '1 while the witness cosigns, 0 since it has not.',
    })
    .addCallback((result) => result.observe(now.witnessAnswers));
  meter
    .createObservableGauge('countersign_signer_refuses', {
      description: '1 while nothing is signed until an admin decides.',
    })
    .addCallback((result) => {
      if (now.refusal === null) result.observe(0);
      else result.observe(1, { reason: now.refusal });
    });
  const server = env.METRICS_PORT === undefined ? null : await serve(exporter, env.METRICS_PORT, env.HOST);
  return {
    onPublished: ({ size }) => (now.size = size),
    onRefusal: (code) => (now.refusal = code),
    onAnswer(cosigned) {
      now.witnessAnswers = cosigned === null ? 0 : 1;
      now.cosigned = cosigned ?? now.cosigned;
    },
    stop: async () => server?.(),
  };
}

/** The deliverer's metrics and, where METRICS_PORT names a port, their server. */
export async function serveDelivererMetrics(
  env: Environment,
  pool: Pool,
): Promise<{ onOutcome: NonNullable<DelivererOptions['onOutcome']>; stop(): Promise<void> }> {
  const { exporter, meter } = makeMeter();
  const delivered = meter.createCounter('countersign_deliveries', {
    description: 'Entries that were delivered, by subscription.',
  });
  const failed = meter.createCounter('countersign_delivery_failures', {
    description: 'Tries that failed, by subscription.',
  });
  const behind = meter.createObservableGauge('countersign_deliveries_behind', {
    description: 'Changes with entries that are not delivered, by subscription.',
  });
  const dead = meter.createObservableGauge('countersign_dead_letters', {
    description: 'Dead letters, by subscription.',
  });
  const oldest = meter.createObservableGauge('countersign_delivery_oldest_seconds', {
    description: 'For how long the oldest entry that is not delivered has waited, by subscription.',
  });
  meter.addBatchObservableCallback(
    async (result) => {
      const backlogs = await readBacklog(pool);
      for (const { name: subscription } of await listSubscriptions(pool)) {
        const { behind: changes, deadLetters, oldestDueSince } = backlogs.get(subscription) ?? noBacklog;
        const waitedMs = oldestDueSince === null ? 0 : Date.now() - Date.parse(oldestDueSince);
        result.observe(behind, changes, { subscription });
        result.observe(dead, deadLetters, { subscription });
        result.observe(oldest, Math.max(0, waitedMs) / 1000, { subscription });
      }
    },
    [behind, dead, oldest],
  );
  const server = env.METRICS_PORT === undefined ? null : await serve(exporter, env.METRICS_PORT, env.HOST);
  return {
    onOutcome(subscription, outcome) {
      if (outcome.kind === 'delivered') delivered.add(outcome.entries, { subscription });
      if (outcome.kind === 'failed') failed.add(1, { subscription });
    },
    stop: async () => server?.(),
  };
}

/** The forwarder's metrics and, where METRICS_PORT names a port, their server. */
export async function serveForwarderMetrics(
  env: Environment,
  pool: Pool,
  alarms: Alarms,
): Promise<{
  onForwarded: (size: number) => void;
  onRefusal: (code: string | null) => void;
  stop(): Promise<void>;
}> {
  const { exporter, meter } = makeMeter();
  observeAlarms(meter, alarms);
  const now = { size: null as number | null, refusal: null as string | null };
  const size = meter.createObservableGauge('countersign_forwarded_size', {
    description: 'Entries that the place has.',
  });
  const entries = meter.createObservableGauge('countersign_forwarding_behind_entries', {
    description: 'Entries that are sealed and that the place does not have.',
  });
  const seconds = meter.createObservableGauge('countersign_forwarding_behind_seconds', {
    description: 'For how long the oldest of them has been sealed.',
  });
  meter.addBatchObservableCallback(
    async (result) => {
      // Not before it knows what the place has.
      if (now.size === null) return;
      const behind = await readForwardBacklog(pool, now.size);
      result.observe(size, now.size);
      result.observe(entries, behind.entries);
      result.observe(seconds, behind.seconds);
    },
    [size, entries, seconds],
  );
  meter
    .createObservableGauge('countersign_forwarder_refuses', {
      description: '1 while nothing is forwarded until a person looks.',
    })
    .addCallback((result) => {
      if (now.refusal === null) result.observe(0);
      else result.observe(1, { reason: now.refusal });
    });
  const server = env.METRICS_PORT === undefined ? null : await serve(exporter, env.METRICS_PORT, env.HOST);
  return {
    onForwarded: (forwarded) => (now.size = forwarded),
    onRefusal: (code) => (now.refusal = code),
    stop: async () => server?.(),
  };
}

/** The console's metrics and, where METRICS_PORT names a port, their server. */
export async function serveConsoleMetrics(
  env: Environment,
  pool: Pool,
): Promise<{
  onLogin: NonNullable<ConsoleDependencies['onLogin']>;
  onForwarded: NonNullable<ConsoleDependencies['onForwarded']>;
  onRefresh: NonNullable<SessionsDependencies['onRefresh']>;
  stop(): Promise<void>;
}> {
  const { exporter, meter } = makeMeter();
  const logins = meter.createCounter('countersign_console_logins', {
    description: 'Logins by outcome.',
  });
  const refreshes = meter.createCounter('countersign_console_refreshes', {
    description: 'Requests for another access token, by outcome.',
  });
  const forwarded = meter.createCounter('countersign_console_forwarded', {
    description: 'Answers of the API that were passed on, by status.',
  });
  meter
    .createObservableGauge('countersign_console_sessions', { description: 'Sessions of people.' })
    .addCallback(async (result) => result.observe(await countConsoleSessions(pool)));
  const server = env.METRICS_PORT === undefined ? null : await serve(exporter, env.METRICS_PORT, env.HOST);
  return {
    onLogin: (outcome) => logins.add(1, { outcome }),
    onRefresh: (outcome) => refreshes.add(1, { outcome }),
    onForwarded: (status) => forwarded.add(1, { status: String(status) }),
    stop: async () => server?.(),
  };
}

/** Serves Prometheus text; answers how to stop it. */
async function serve(exporter: PrometheusExporter, port: number, host: string): Promise<() => Promise<void>> {
  const server = createServer((_req, res) => {
    collect(exporter).then(
      (text) => res.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
      () => res.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return () => new Promise((resolve) => server.close(() => resolve()));
}

function makeMeter() {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': 'countersign' }),
    readers: [exporter],
  });
  return { exporter, meter: provider.getMeter('countersign') };
}

async function collect(exporter: PrometheusExporter): Promise<string> {
  const { resourceMetrics, errors } = await exporter.collect();
  if (errors.length > 0) throw errors[0];
  return new PrometheusSerializer().serialize(resourceMetrics);
}
