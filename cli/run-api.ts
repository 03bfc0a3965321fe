import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../api/app.ts';
import { endRevoked } from '../api/end-revoked.ts';
import { createEngine } from '../api/engine.ts';
import { makeRefusalLog } from '../api/refusal-log.ts';
import { startEntryFeed } from '../audit/follow.ts';
import { createStatementSigner } from '../identity/statement-signer.ts';
import { withApiTokens } from '../identity/api-token.ts';
import { apiTokenStore } from '../store/api-token-store.ts';
import { makeAlarms } from './alarms.ts';
import { apiMetrics } from './metrics.ts';
import { openDatabase } from './database.ts';
import type { Environment } from './environment.ts';
import { peopleVerifier } from './identity.ts';
import { freezeCalendar } from './freeze-calendar.ts';
import { makeLog, untilStopped } from './process.ts';
import { statementKeys } from './keys.ts';
import { openPolicies } from './policies.ts';
import { temporalClient } from './temporal.ts';
import { startTracing } from './tracing.ts';
import { verifierBundle } from './verifier-bundle.ts';

const revokedCheckMs = 30_000;

/** The API process: HTTP in front, Postgres for reads, Temporal for changes. Ends on SIGTERM, open requests first. */
export async function runApi(env: Environment, options: { readonly anyPort?: boolean } = {}): Promise<void> {
  const log = makeLog('api', env);
  const alarms = makeAlarms(log);
  const tracing = startTracing('countersign-api', env);
  const calendar = await freezeCalendar(env);
  const policies = await openPolicies(env, log);
  const pool = await openDatabase(env, log, 'api', 20);
  const feed = startEntryFeed({ pool, log });
  const { client, namespace } = temporalClient(tracing.plugins);
  const keyFile = env.COUNTERSIGN_STATEMENT_KEY ?? (await statementKeys(env.COUNTERSIGN_HOME)).privateKey;
  const refusals = makeRefusalLog({ db: pool, namespace, log, alarm: alarms.raise });
  const deps = {
    db: pool,
    feed,
    engine: createEngine(client),
    tokens: withApiTokens(await peopleVerifier(env), apiTokenStore(pool)),
    signer: createStatementSigner(await readFile(keyFile, 'utf8')),
    refusals,
    verifier: () => verifierBundle(env.COUNTERSIGN_HOME),
    policies,
    calendar,
    log,
    namespace,
    alarm: alarms.raise,
    metrics: apiMetrics(pool, alarms),
    writesPerMinute: env.COUNTERSIGN_WRITES_PER_MINUTE,
    refusedTokensPerMinute: env.COUNTERSIGN_REFUSED_TOKENS_PER_MINUTE,
    trustProxy: env.COUNTERSIGN_TRUST_PROXY,
  };
  const app = createApp(deps);
  // What an API that was killed has not told: the revocation stands in Postgres.
  const revoked = setInterval(() => {
    endRevoked(deps).catch((err: unknown) => {
      log.warn({ err: err as Error }, 'changes under revoked policies could not be looked for');
    });
  }, revokedCheckMs);
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 15_000 }, app);
  await listen(server, env.PORT, env.HOST).catch(async (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || options.anyPort !== true) throw error;
    await listen(server, 0, env.HOST);
  });
  const { address, port } = server.address() as AddressInfo;
  log.info({ address, port }, 'api listens');
  // Who started it may need to know where it is.
  process.send?.({ port });
  await untilStopped();
  clearInterval(revoked);
  const closed = new Promise((resolve) => server.close(resolve));
  setTimeout(() => server.closeAllConnections(), 3000).unref();
  await closed;
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
