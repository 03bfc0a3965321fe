import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { createConsole } from '../console/app.ts';
import { createProvider } from '../console/provider.ts';
import { createSeal } from '../console/seal.ts';
import { createSessions, idleMs } from '../console/sessions.ts';
import { isoTime } from '../domain/time.ts';
import { deleteOverConsoleSessions } from '../store/delete-over-console-sessions.ts';
import { consoleClientKeys, consoleSessionKey, readClientKey, readSessionKey } from './console-keys.ts';
import { consoleUrl } from './console-url.ts';
import { openDatabase } from './database.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';
import { serveConsoleMetrics } from './metrics.ts';
import { makeLog, untilStopped } from './process.ts';
import { temporalUiOrigin } from './temporal-ui.ts';
import { wayOut } from './way-out.ts';

const overCheckMs = 600_000;

/** Beside the sources, or in the package, as the build of the page has it. */
const builtPage = import.meta.url.endsWith('.ts')
  ? join(import.meta.dirname, '..', 'dist', 'console', 'page')
  : join(import.meta.dirname, '..', 'console', 'page');

/**
 * The console process: the page that people decide on, their sessions, and the way from it to the API. It has no key that signs
 * decisions or the log, and a login that sees sessions alone.
 */
export async function runConsole(env: Environment): Promise<void> {
  const log = makeLog('console', env);
  const url = consoleUrl(env);
  const apiUrl = required(env, 'COUNTERSIGN_URL');
  const clientKey = await readClientKey((await consoleClientKeys(env)).privateKey);
  const seal = createSeal(await readSessionKey(await consoleSessionKey(env)));
  const provider = createProvider({
    issuer: required(env, 'OIDC_ISSUER'),
    clientId: env.CONSOLE_CLIENT_ID,
    clientKey,
    url,
    scope: env.CONSOLE_SCOPE,
    clockToleranceSeconds: env.OIDC_CLOCK_SKEW_SECONDS,
    fetch: wayOut(env).fetch,
  });
  const db = await openDatabase(env, log, { name: 'console', max: 10 });
  const refreshDb = await openDatabase(env, log, { name: 'console refresh', max: 5 });
  const metrics = await serveConsoleMetrics(env, db);
  const { onRefresh, onLogin, onForwarded } = metrics;
  const app = createConsole({
    url,
    apiUrl,
    provider,
    seal,
    sessions: createSessions({ db, refreshDb, seal, provider, onRefresh }),
    temporalUi: temporalUiOrigin(env),
    page: env.CONSOLE_PAGE === undefined ? builtPage : resolve(env.CONSOLE_PAGE),
    stepUpAcrValues: env.CONSOLE_STEP_UP_ACR ?? null,
    databaseAnswers: () =>
      db.query('select from console.session limit 1').then(
        () => true,
        () => false,
      ),
    log,
    trustProxy: env.COUNTERSIGN_TRUST_PROXY,
    onLogin,
    onForwarded,
  });
  const overSessions = setInterval(() => {
    const times = { now: isoTime(Date.now()), idleSince: isoTime(Date.now() - idleMs) };
    deleteOverConsoleSessions(db, times).catch((err: unknown) => {
      log.warn({ err: err as Error }, 'sessions that are over could not be dropped');
    });
  }, overCheckMs);
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 15_000 }, app);
  await new Promise<void>((listens, failed) => {
    server.once('error', failed);
    server.listen(env.CONSOLE_PORT, env.HOST, listens);
  });
  const { address, port } = server.address() as AddressInfo;
  log.info({ address, port, url: url.origin }, 'console listens');
  await untilStopped();
  clearInterval(overSessions);
  const closed = new Promise((done) => server.close(done));
  // Streams end with the process.
  setTimeout(() => server.closeAllConnections(), 3000).unref();
  await closed;
  await Promise.all([db.end(), refreshDb.end()]);
  await metrics.stop();
}
