import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { migrate } from '../store/migrate.ts';
import { startEmbedded } from './embedded-stack.ts';
import type { LocalSystems } from './embedded-systems.ts';
import type { Environment } from './environment.ts';
import { assertHomeFormat } from './home-format.ts';
import { smallHeap } from './re-exec.ts';
import { logKeys, statementKeys, witnessKeys } from './keys.ts';
import { payloadKeys } from './payload-keys.ts';
import { rememberPorts } from './ports.ts';
import { printLine } from './print.ts';
import { untilStopped } from './process.ts';
import { writeTrustedKeys } from './trusted-keys.ts';
import { workflowBundle } from './workflow-bundle.ts';

const entry = join(import.meta.dirname, `main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`);
const readyWithinMs = 120_000;

/** Where a running `countersign start` is; the other commands find it in `<home>/running.json`. */
export interface Running {
  readonly api: string;
  readonly console: string;
  readonly issuer: string;
  /** The client of `countersign login` at the demo identity provider; null where the issuer is another one. */
  readonly demoClient: string | null;
  readonly simulator: string | null;
  /** The local ticket and chat systems; null where others are configured. */
  readonly systems: LocalSystems | null;
  readonly pid: number;
  /** The worker's variables, for `countersign doctor`. */
  readonly environment: Readonly<Record<string, string>>;
}

/** `countersign start`: everything on loopback, each part stepping aside where the environment names a real one. */
export async function runStart(env: Environment, processEnv: NodeJS.ProcessEnv): Promise<void> {
  const began = Date.now();
  const say = (line: string) => printLine(`countersign: ${line}`);
  // Asked for at once, so that a Ctrl-C during the start is not lost.
  const stopped = untilStopped();
  const { makeHome } = await import('../embedded/make-home.ts');
  await makeHome(resolve(env.COUNTERSIGN_HOME));
  await assertHomeFormat(resolve(env.COUNTERSIGN_HOME));
  const { endOf, startChild } = await import('../embedded/child.ts');
  const stack = await startEmbedded(env, processEnv, say);
  const children: Awaited<ReturnType<typeof startChild>>[] = [];
  const runningFile = join(resolve(env.COUNTERSIGN_HOME), 'running.json');
  const over = new AbortController();
  let failure: string | null = null;
  try {
    await migrate({ databaseUrl: stack.env.migrate.DATABASE_URL ?? '' });
    await Promise.all([
      statementKeys(env.COUNTERSIGN_HOME),
      logKeys(env),
      ...(env.COUNTERSIGN_WITNESS_URL === undefined ? [witnessKeys(env)] : []),
      workflowBundle(resolve(env.COUNTERSIGN_HOME), [], true),
    ]);
    stack.env.shared['COUNTERSIGN_PAYLOAD_KEYS'] = resolve(await payloadKeys(env));
    const trustedKeys = await writeTrustedKeys(env);
    // The API says where it listens: a port found free for it could be taken before it came.
    let listens: (port: number) => void = () => undefined;
    const listening = new Promise<number>((found) => {
      listens = found;
    });
    const own = { LOG_LEVEL: 'warn', ...processEnv, ...stack.env.shared };
    const witness = await witnessOf(env, stack.ports.witness);
    const names = ['signer', ...(witness.own === null ? [] : ['witness' as const]), 'worker', 'api'] as const;
    const begin = async (
      name: (typeof names)[number] | 'deliverer' | 'console',
      more: Record<string, string> = {},
    ) => {
      const child = await startChild({
        command: process.execPath,
        args: [
          ...process.execArgv,
          // Otherwise the worker would start twice to get these options.
          ...(name === 'worker' ? smallHeap.options : []),
          entry,
          name,
          ...(name === 'witness' ? ['--port', String(witness.own)] : []),
          ...(name === 'api' ? ['--any-port'] : []),
        ],
        env: {
          ...(name === 'worker' ? smallHeap.env : {}),
          ...own,
          ...stack.env[name],
          ...(name === 'api'
            ? { PORT: String(stack.ports.api), ...trustOnLoopback(env, processEnv) }
            : { PORT: '8080' }),
          ...(name === 'signer' ? { COUNTERSIGN_WITNESS_URL: witness.url } : {}),
          // There is one port, and the worker has it.
          ...(name === 'worker' ? {} : { METRICS_PORT: '' }),
          ...more,
        },
        ...(name === 'api' && { told: (message) => listens((message as { port: number }).port) }),
        log: (line) => printLine(`[${name}] ${line}`),
        stopSignal: 'SIGTERM',
      });
      children.push(child);
      return child;
    };
    for (const name of names) await begin(name);
    const ended = Promise.race([
      ...children.map((child, i) => child.exited.then((exit) => endOf(names[i] ?? 'a process', exit))),
      stack.failed,
    ]);
    const readyApi = listening.then(async (port) => {
      const api = `http://${hostOf(env.HOST)}:${port}`;
      await rememberPorts(
        resolve(env.COUNTERSIGN_HOME),
        {
          ...stack.ports,
          api: port,
          witness: witness.own ?? stack.ports.witness,
        },
        { api: env.PORT, console: env.CONSOLE_PORT },
      );
      await ready(api, 'readyz', over.signal);
      // They bring the API what people do in other systems and in the console, so they are told where it is.
      const followers = {
        deliverer: await begin('deliverer', { COUNTERSIGN_URL: api }),
        console: await begin('console', { COUNTERSIGN_URL: api }),
      };
      await ready(`http://${hostOf(env.HOST)}:${stack.ports.console}`, 'healthz', over.signal);
      await stack.systems?.announce(api);
      return { api, followers };
    });
    const late = delay(readyWithinMs, undefined, { ref: false, signal: over.signal }).then(() => {
      throw new Error(`the API was not ready within ${readyWithinMs / 1000} s`);
    });
    const first = await Promise.race([readyApi, late, stopped, ended]);
    if (typeof first === 'string') throw new Error(`${first} before it was ready`);
    if (first) {
      const { api, followers } = first;
      const { OIDC_ISSUER: issuer = env.OIDC_ISSUER ?? '', ONSMQTT_ENDPOINT: simulator } = stack.env.shared;
      const running: Running = {
        api,
        console: stack.consoleUrl.origin,
        issuer,
        demoClient: stack.demoClient,
        simulator: simulator ?? null,
        systems: stack.systems?.urls ?? null,
        pid: process.pid,
        environment: { ...stack.env.shared, ...stack.env.worker },
      };
      // The file holds the database's login.
      await writeFile(runningFile, JSON.stringify(running, null, 2), { mode: 0o600 });
      announce(
        api,
        stack.consoleUrl,
        { ...stack.places, Witness: witness.url, 'Auditors’ keys': trustedKeys },
        { demoUsers: stack.demoClient !== null, tookMs: Date.now() - began },
        say,
      );
      const why = await Promise.race([
        stopped,
        ended,
        ...Object.entries(followers).map(([name, { exited }]) => exited.then((exit) => endOf(name, exit))),
      ]);
      if (typeof why === 'string') failure = why;
    }
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  over.abort();
  say(failure === null ? 'stopping' : `stopping: ${failure}`);
  await rm(runningFile, { force: true });
  await Promise.all(children.map((child) => child.stop(6000)));
  await stack.stop();
  say('stopped; the data is kept');
  process.exitCode = failure === null ? 0 : 1;
}

/** The witness that the environment names, or one of this start's own: its port, and where it is. */
async function witnessOf(env: Environment, preferred: number): Promise<{ own: number | null; url: string }> {
  if (env.COUNTERSIGN_WITNESS_URL !== undefined) return { own: null, url: env.COUNTERSIGN_WITNESS_URL };
  const { freePort } = await import('../embedded/free-port.ts');
  const own = await freePort(preferred);
  return { own, url: `http://127.0.0.1:${own}` };
}

async function ready(url: string, path: 'readyz' | 'healthz', over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const response = await fetch(`${url}/${path}`).catch(() => null);
    if (response?.ok) return;
    await delay(200);
  }
  throw new Error(`stopped before ${url} was ready`);
}

/**
 * On loopback nobody but this machine reaches the API, so it believes the console about whose address a request has. Otherwise
 * whoever asks it directly could name any.
 */
function trustOnLoopback(env: Environment, processEnv: NodeJS.ProcessEnv): Record<string, string> {
  const isLoopback = ['127.0.0.1', '::1', 'localhost'].includes(env.HOST);
  return isLoopback && !processEnv.COUNTERSIGN_TRUST_PROXY ? { COUNTERSIGN_TRUST_PROXY: '1' } : {};
}

function announce(
  api: string,
  console: URL,
  places: Readonly<Record<string, string>>,
  { demoUsers, tookMs }: { readonly demoUsers: boolean; readonly tookMs: number },
  say: (line: string) => void,
): void {
  const rows = {
    Console: `${console.origin}  (approve as bob, carol or frank)`,
    API: `${api}  (documentation at ${api}/docs)`,
    ...places,
  };
  for (const [name, place] of Object.entries(rows)) say(`${name.padEnd(18)} ${place}`);
  if (demoUsers) {
    say(
      'log in with        npm run --silent countersign -- login   (alice, erin, bob, carol, frank, dave, olga, adam)',
    );
    say('a token alone      npm run --silent countersign -- token alice');
    say('see it work with   npm run demo');
  } else {
    say(
      'log in with        npm run --silent countersign -- login   (COUNTERSIGN_CLIENT_ID: a client of the provider)',
    );
  }
  say(`ready after ${(tookMs / 1000).toFixed(1)} s; Ctrl-C stops everything`);
}

/** Where this machine reaches what listens on an address, as a URL has it. */
function hostOf(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
}
