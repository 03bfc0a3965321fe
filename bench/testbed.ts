import { chmod, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { registerSearchAttributes } from '../cli/temporal-namespace.ts';
import { workflowBundle } from '../cli/workflow-bundle.ts';
import { startChild } from '../embedded/child.ts';
import type { Child, ChildOptions } from '../embedded/child.ts';
import { freePort } from '../embedded/free-port.ts';
import { startIdentityProvider } from '../embedded/identity-provider.ts';
import { startPostgres } from '../embedded/postgres.ts';
import { startTemporal } from '../embedded/temporal.ts';
import { searchAttributes } from '../domain/search-attributes.ts';

/** The access key that the simulator knows. */
export const accessKey = { id: 'bench-key', secret: 'bench-secret' };
/** The MQTT instance of every certificate here. */
export const instance = 'post-cn-bench0001';

const root = join(import.meta.dirname, '..');
/** The composition root of every process of ours. */
export const entry = join(root, 'cli', 'main.ts');

/** The servers that the measured installations share. */
export interface Testbed {
  readonly home: string;
  readonly superuserUrl: string;
  readonly postgresPid: number;
  readonly temporalAddress: string;
  readonly temporalPid: number;
  readonly simulatorUrl: string;
  readonly simulatorPid: number;
  readonly issuer: string;
  /** An access token of a demo user. */
  tokenFor(user: string): Promise<string>;
  /** Makes a Temporal namespace with our search attributes. */
  namespace(name: string): Promise<string>;
  /** So many fresh, inactive certificates; answers their serial numbers. */
  certificates(count: number): Promise<string[]>;
  /** Stops everything that {@link startTestbed} started and removes its data. */
  stop(): Promise<void>;
}

/** What a child of ours gets of our environment: nothing that would configure it. */
export const plainEnv: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  HTTPS_PROXY: process.env.HTTPS_PROXY,
  PIP_INDEX_URL: process.env.PIP_INDEX_URL,
};

/** An empty home. The Temporal program, a download, is the clone's own; `shareBundles`: so are the workflow bundles. */
export async function temporaryHome(shareBundles: boolean): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  // The OS user "postgres" passes through.
  await chmod(home, 0o711);
  for (const folder of shareBundles ? ['bin', 'cache'] : ['bin']) {
    const kept = join(root, '.countersign', folder);
    await mkdir(kept, { recursive: true });
    await symlink(kept, join(home, folder));
  }
  homes.add(home);
  return home;
}

const homes = new Set<string>();

/** Removes a home of {@link temporaryHome}. */
export async function removeHome(home: string): Promise<void> {
  await rm(home, { recursive: true, force: true });
  homes.delete(home);
}

/** For an end half-way: the servers go by themselves when this process has gone, their homes do not. */
export async function removeHomes(): Promise<void> {
  for (const home of homes) await removeHome(home);
}

/** Postgres, Temporal with a database file, the identity provider (here) and the simulator (a process), on free ports. */
export async function startTestbed(settings: Record<string, string> = {}): Promise<Testbed> {
  const home = await temporaryHome(true);
  const stops: (() => Promise<unknown>)[] = [() => removeHome(home)];
  const stop = async (): Promise<void> => {
    for (const end of stops.reverse()) await end();
  };
  try {
    const postgres = await startPostgres({ dataDir: join(home, 'postgres'), settings });
    stops.push(() => postgres.stop());
    const temporal = await startTemporal({
      home,
      env: plainEnv,
      dbFilename: join(home, 'temporal.db'),
      searchAttributes,
    });
    stops.push(() => temporal.stop());
    const identity = await startIdentityProvider({ home, audience: 'countersign' });
    stops.push(() => identity.stop());
    await workflowBundle(home);
    const { child: simulator, url: simulatorUrl } = await startServer('/_sim/calls', (port) => ({
      args: [entry, 'simulator', '--port', String(port)],
      env: {
        ...plainEnv,
        LOG_LEVEL: 'warn',
        ALIBABA_CLOUD_ACCESS_KEY_ID: accessKey.id,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKey.secret,
      },
    }));
    stops.push(() => simulator.stop());
    const connection = await Connection.connect({ address: temporal.address });
    stops.push(() => connection.close());
    let made = 0;
    return {
      home,
      superuserUrl: postgres.superuserUrl,
      postgresPid: postgres.pid,
      temporalAddress: temporal.address,
      temporalPid: temporal.pid,
      simulatorUrl,
      simulatorPid: simulator.pid,
      issuer: identity.issuer,
      tokenFor: (user) => identity.tokenFor(user),
      async namespace(name) {
        await connection.workflowService.registerNamespace({
          namespace: name,
          workflowExecutionRetentionPeriod: { seconds: 86_400 } as never,
        });
        // A new namespace is known everywhere only after a while.
        await patiently(() => registerSearchAttributes(connection, name));
        return name;
      },
      async certificates(count) {
        const sns = Array.from({ length: count }, () => `BENCH${String((made += 1)).padStart(12, '0')}`);
        for (let i = 0; i < sns.length; i += 200) {
          const response = await fetch(`${simulatorUrl}/_sim/certificates`, {
            method: 'PUT',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(
              sns.slice(i, i + 200).map((sn) => ({
                mqttInstanceId: instance,
                sn,
                caName: 'bench',
                status: '0',
              })),
            ),
          });
          if (!response.ok) throw new Error(`the simulator refused certificates: ${await response.text()}`);
        }
        return sns;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts a process of ours that listens, and waits until a path of it answers 2xx; on another port when that is taken. */
export async function startServer(
  path: string,
  command: (port: number) => Pick<ChildOptions, 'args' | 'env' | 'log'>,
): Promise<{ child: Child; url: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const child = await startChild({
      command: process.execPath,
      stopSignal: 'SIGTERM',
      ...command(port),
    });
    const url = `http://127.0.0.1:${port}`;
    const ready = patiently(async () => {
      const response = await fetch(`${url}${path}`);
      if (!response.ok && !child.hasExited()) throw new Error(`${url}${path} answers ${response.status}`);
    });
    // It ends when the port was taken meanwhile; then whatever answers there is somebody else.
    const ended = child.exited.then(() => true);
    if ((await Promise.race([ready, ended])) !== true && !child.hasExited()) return { child, url };
    ready.catch(() => undefined);
    if (attempt === 3) throw new Error(`${path} was not served:\n${child.lastLines()}`);
  }
}

/** Tries until it works; what it threw last is thrown after a minute. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const until = Date.now() + 60_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
