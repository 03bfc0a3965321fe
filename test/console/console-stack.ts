import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import {
  consoleClientKeys,
  consoleSessionKey,
  readClientKey,
  readSessionKey,
} from '../../cli/console-keys.ts';
import { createConsole } from '../../console/app.ts';
import { cookiesOf } from '../../console/cookies.ts';
import type { ConsoleDependencies } from '../../console/dependencies.ts';
import { callbackPath } from '../../console/paths.ts';
import { createProvider } from '../../console/provider.ts';
import { createSeal } from '../../console/seal.ts';
import { createSessions } from '../../console/sessions.ts';
import type { ConsoleClient } from '../../embedded/demo-provider.ts';
import { freePort } from '../../embedded/free-port.ts';
import { startIdentityProvider } from '../../embedded/identity-provider.ts';
import { makePool } from '../../store/pool.ts';
import { startApiStack } from '../api/api-stack.ts';
import { temporaryHome } from '../support/stack.ts';
import { makePerson } from './person.ts';

const clientId = 'countersign-console';

/** What a replica may have otherwise. */
interface Otherwise extends Partial<ConsoleDependencies> {
  /** What asks the provider. */
  readonly providerFetch?: typeof globalThis.fetch;
  readonly clockToleranceSeconds?: number;
  /** Where it listens; a browser finds it only at the port that the address has. */
  readonly port?: number;
}

/** The real API, Postgres and demo provider, with consoles in front of them. */
export async function startConsoleStack(overrides: Parameters<typeof startApiStack>[0] = {}) {
  const home = await temporaryHome();
  const url = new URL(`http://localhost:${await freePort()}`);
  const env = { COUNTERSIGN_HOME: home, CONSOLE_CLIENT_KEY: undefined, CONSOLE_SESSION_KEY: undefined };
  const keys = await consoleClientKeys(env);
  const identity = await startIdentityProvider({
    home,
    audience: 'countersign',
    console: {
      clientId,
      redirectUri: `${url.origin}${callbackPath}`,
      loggedOutUri: `${url.origin}/`,
      jwks: JSON.parse(await readFile(keys.publicKey, 'utf8')) as ConsoleClient['jwks'],
    },
  });
  const apiStack = await startApiStack({ trustProxy: 1, ...overrides }, { identity });
  const seal = createSeal(await readSessionKey(await consoleSessionKey(env)));
  const clientKey = await readClientKey(keys.privateKey);
  const pool = (name: string) =>
    makePool({ connectionString: apiStack.testbed.database.url('console'), applicationName: name });
  const db = pool('test console');
  const refreshDb = pool('test console refresh');
  const page = join(home, 'page');
  await mkdir(join(page, 'assets'), { recursive: true });
  await writeFile(join(page, 'index.html'), '<!doctype html><title>Countersign</title>');
  await writeFile(join(page, 'assets', 'index-0a1b2c3d.js'), 'export {};');
  await writeFile(join(page, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');

  /** A replica of the console, on a port of its own behind the one name. */
  async function serve(otherwise: Otherwise = {}) {
    const { providerFetch = fetch, clockToleranceSeconds = 5, port: wanted = 0, ...more } = otherwise;
    const now = more.now ?? Date.now;
    const provider = createProvider({
      issuer: identity.issuer,
      clientId,
      clientKey,
      url,
      scope: 'openid profile',
      clockToleranceSeconds,
      fetch: providerFetch,
      now,
    });
    const sessions = createSessions({ db, refreshDb, seal, provider, now });
    const deps: ConsoleDependencies = {
      url,
      apiUrl: apiStack.api.url,
      provider,
      sessions,
      seal,
      page,
      stepUpAcrValues: null,
      databaseAnswers: () => Promise.resolve(true),
      log: pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }),
      trustProxy: 0,
      ...more,
    };
    const server = createServer(createConsole(deps));
    await new Promise<void>((listens) => server.listen(wanted, '127.0.0.1', listens));
    const { port } = server.address() as AddressInfo;
    return {
      port,
      sessions: deps.sessions,
      async stop() {
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
      },
    };
  }

  return {
    ...apiStack,
    home,
    url,
    identity,
    seal,
    page,
    db,
    cookies: cookiesOf(url),
    serve,
    /** A replica that ends with the test that asks for it. */
    async replica(otherwise: Otherwise = {}) {
      const replica = await serve(otherwise);
      onTestFinished(() => replica.stop());
      return replica;
    },
    async rows(): Promise<{ id_hash: Buffer; sealed: Buffer; used_at: Date; ends_at: Date }[]> {
      const { rows } = await db.query('select id_hash, sealed, used_at, ends_at from console.session');
      return rows as { id_hash: Buffer; sealed: Buffer; used_at: Date; ends_at: Date }[];
    },
    async stop(): Promise<void> {
      await Promise.all([db.end(), refreshDb.end()]);
      await apiStack.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
export type ConsoleStack = Awaited<ReturnType<typeof startConsoleStack>>;

/** A person whose browser has the console at a replica. */
export function personAt(stack: ConsoleStack, { port }: { readonly port: number }) {
  const person = makePerson(stack.url);
  return {
    ...person,
    beginLogin: (query = '') => person.beginLogin(query, { port }),
    choose: (page: Parameters<typeof person.choose>[0], user: string, more = '') =>
      person.choose(page, user, more, { port }),
    async login(user: string, query = '', more = '') {
      return person.choose(await person.beginLogin(query, { port }), user, more, { port });
    },
    api: (path: string, asked: Parameters<typeof person.api>[1] = {}) => person.api(path, { port, ...asked }),
    /** One request to the console, as the browser sends it. */
    ask: (path: string, asked: Parameters<typeof person.ask>[1] = {}) => person.ask(path, { port, ...asked }),
    port,
    follow: (address: string) => person.visit(address, { port, site: 'cross-site' }),
  };
}
export type PersonHere = ReturnType<typeof personAt>;
