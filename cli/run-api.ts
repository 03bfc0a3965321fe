import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createApp } from '../api/app.ts';
import { endRevoked } from '../api/end-revoked.ts';
import { createEngine } from '../api/engine.ts';
import { tellUntold } from '../api/tell-stop-words.ts';
import { makeRefusalLog } from '../api/refusal-log.ts';
import { watchUnsealed } from '../api/sealed.ts';
import { startEntryFeed } from '../audit/follow.ts';
import { payloadReader } from '../codec/payload-reader.ts';
import { isoTime } from '../domain/time.ts';
import { createStatementSigner } from '../identity/statement-signer.ts';
import { withApiTokens } from '../identity/api-token.ts';
import { servedRegion } from '../onsmqtt/region.ts';
import { apiTokenStore } from '../store/api-token-store.ts';
import { deleteOldInbound } from '../store/delete-old-inbound.ts';
import { makeAlarms } from './alarms.ts';
import { assertNamespace } from './assert-namespace.ts';
import { announceStatementKeys } from './announce-rotations.ts';
import { apiMetrics } from './metrics.ts';
import { openDatabase } from './database.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';
import { claimMapping, peopleVerifier } from './identity.ts';
import { freezeCalendar } from './freeze-calendar.ts';
import { inboundSystems } from './inbound-systems.ts';
import { openIntegrations } from './integrations.ts';
import { makeLog, untilStopped } from './process.ts';
import { statementKeys } from './keys.ts';
import { temporalUiOrigin } from './temporal-ui.ts';
import { openOperations } from './operations.ts';
import { openPayloads } from './payloads.ts';
import { openPolicies } from './policies.ts';
import { rereadOnHangup } from './reread.ts';
import { temporalClient, temporalConfig } from './temporal.ts';
import { startTracing } from './tracing.ts';
import { verifierBundle } from './verifier-bundle.ts';
import { wayOut } from './way-out.ts';

/** Longer than the engine's deadline. */
const underWayMs = 15_000;
const untoldCheckMs = 30_000;
const oldInboundCheckMs = 3_600_000;
/** Longer than any replay window of a delivery. */
const inboundKeptMs = 3 * 86_400_000;

/** The API process: HTTP in front, Postgres for reads, Temporal for changes. Ends on SIGTERM, open requests first. */
export async function runApi(env: Environment, options: { readonly anyPort?: boolean } = {}): Promise<void> {
  const log = makeLog('api', env);
  const alarms = makeAlarms(log);
  const region = servedRegion(env.ONSMQTT_REGION, env.ONSMQTT_ENDPOINT);
  const tracing = startTracing('countersign-api', env);
  const operations = await openOperations(env);
  const { freezes: calendar } = await freezeCalendar(env, operations);
  const policies = await openPolicies(env, log, operations, alarms.raise);
  const { COUNTERSIGN_INSTALLATION: installation } = env;
  const owner = { installation, namespace: temporalConfig().namespace };
  const pool = await openDatabase(env, log, { name: 'api', max: 20, owner, mayClaim: assertNamespace });
  const feed = startEntryFeed({ pool, log });
  const payloads = await openPayloads(env, log, alarms.raise);
  const { client, namespace } = temporalClient(tracing.plugins, payloads);
  const keyFile = env.COUNTERSIGN_STATEMENT_KEY ?? (await statementKeys(env.COUNTERSIGN_HOME)).privateKey;
  const rotations = await announceStatementKeys(env, pool, log);
  const signer = createStatementSigner(await readFile(keyFile, 'utf8'));
  const refusals = makeRefusalLog({ db: pool, signer, namespace, log, alarm: alarms.raise });
  const underWay = new Set<Promise<void>>();
  const deps = {
    db: pool,
    feed,
    engine: createEngine(client, undefined, { hidesTargets: payloads.keys !== null, installation }),
    tokens: withApiTokens(await peopleVerifier(env), apiTokenStore(pool)),
    issuer: required(env, 'OIDC_ISSUER'),
    claims: await claimMapping(env),
    signer,
    refusals,
    verifier: () => verifierBundle(env.COUNTERSIGN_HOME),
    operations,
    policies,
    region,
    calendar,
    underWay,
    payloads: payloads.keys ? payloadReader(payloads.keys) : null,
    temporalUi: temporalUiOrigin(env),
    inbound: await rereadOnHangup(
      async () => inboundSystems(await openIntegrations(env), wayOut(env).fetch),
      log,
      'the systems that send',
    ),
    log,
    namespace,
    installation,
    ...(env.COUNTERSIGN_NEXUS_ENDPOINT === undefined
      ? {}
      : { nexusEndpoint: env.COUNTERSIGN_NEXUS_ENDPOINT }),
    alarm: alarms.raise,
    metrics: apiMetrics(pool, alarms),
    writesPerMinute: env.COUNTERSIGN_WRITES_PER_MINUTE,
    refusedTokensPerMinute: env.COUNTERSIGN_REFUSED_TOKENS_PER_MINUTE,
    unsealedLimitSeconds: env.COUNTERSIGN_UNSEALED_LIMIT_SECONDS,
    trustProxy: env.COUNTERSIGN_TRUST_PROXY,
  };
  const app = createApp(deps);
  const unsealed = watchUnsealed({
    db: pool,
    alarm: alarms.raise,
    limitSeconds: env.COUNTERSIGN_UNSEALED_LIMIT_SECONDS,
  });
  // What an API that was killed, or a Temporal that was away, has left untold: revocations and words to stop stand in Postgres.
  const untold = setInterval(() => {
    Promise.all([endRevoked(deps), tellUntold(deps)]).catch((err: unknown) => {
      log.warn({ err: err as Error }, 'changes that are to be stopped could not be looked for');
    });
  }, untoldCheckMs);
  const oldInbound = setInterval(() => {
    deleteOldInbound(pool, isoTime(Date.now() - inboundKeptMs)).catch((err: unknown) => {
      log.warn({ err: err as Error }, 'old deliveries could not be dropped');
    });
  }, oldInboundCheckMs);
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 15_000 }, app);
  await listen(server, env.PORT, env.HOST).catch(async (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || options.anyPort !== true) throw error;
    await listen(server, 0, env.HOST);
  });
  const { address, port } = server.address() as AddressInfo;
  log.info({ address, port }, 'api listens');
  // The process that started this one may need the address.
  process.send?.({ port });
  await untilStopped();
  rotations.stop();
  clearInterval(untold);
  clearInterval(oldInbound);
  unsealed.stop();
  const closed = new Promise((resolve) => server.close(resolve));
  setTimeout(() => server.closeAllConnections(), 3000).unref();
  await closed;
  // What a chat was told is on its way ends before the database goes.
  const enough = new AbortController();
  await Promise.race([
    Promise.allSettled(underWay),
    delay(underWayMs, undefined, { signal: enough.signal }).catch(() => undefined),
  ]);
  enough.abort();
  await refusals.flush();
  await feed.stop();
  await pool.end();
  await client.connection.close();
  await tracing.stop();
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
