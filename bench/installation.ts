import { join } from 'node:path';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { bootstrapDatabase } from '../embedded/bootstrap-database.ts';
import { startChild } from '../embedded/child.ts';
import type { Child } from '../embedded/child.ts';
import { migrate } from '../store/migrate.ts';
import { accessKey, entry, plainEnv, startServer } from './testbed.ts';
import type { Testbed } from './testbed.ts';

/** One Countersign: a database and a namespace of its own, with signer, worker and API as processes, and a deliverer where notices go somewhere. */
export interface Installation {
  readonly url: string;
  readonly namespace: string;
  /** Its database as the superuser. */
  readonly superuserUrl: string;
  readonly pids: Readonly<Record<'api' | 'worker' | 'signer', number>>;
  stop(): Promise<void>;
}

/** What an installation has beside the usual. */
export interface InstallationOptions {
  /** A policy file's text; default: the built-in policy. */
  readonly policies?: string;
  /** The path of a file of integrations, for API and worker; default: none. */
  readonly integrations?: string;
  /** Workflows that may gate steps, as COUNTERSIGN_HOSTS has them; default: none. */
  readonly hosts?: string;
  /** Where a deliverer brings notices; default: there is none. */
  readonly webhook?: { readonly url: string; readonly secret: string };
}

/** Starts an installation and waits until it is ready. `name`: lower-case letters, unique on the testbed. */
export async function startInstallation(
  testbed: Testbed,
  name: string,
  { policies, integrations, hosts, webhook }: InstallationOptions = {},
): Promise<Installation> {
  const home = join(testbed.home, name);
  await mkdir(home);
  await symlink(join(testbed.home, 'cache'), join(home, 'cache'));
  const [urls, namespace] = await Promise.all([
    bootstrapDatabase({
      superuserUrl: testbed.superuserUrl,
      passwordFile: join(testbed.home, 'database-logins.json'),
      database: `countersign_${name}`,
    }),
    testbed.namespace(name),
  ]);
  await migrate({ databaseUrl: urls.migrator });
  const superuserUrl = new URL(testbed.superuserUrl);
  superuserUrl.pathname = new URL(urls.migrator).pathname;
  const policyFile = join(home, 'policies.yaml');
  if (policies !== undefined) await writeFile(policyFile, policies);
  const children: Child[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop(15_000)));
  };
  const command = (process_: keyof Installation['pids'] | 'deliverer', extra: NodeJS.ProcessEnv) => ({
    args: [entry, process_],
    env: {
      ...plainEnv,
      LOG_LEVEL: 'warn',
      COUNTERSIGN_HOME: home,
      DATABASE_URL: urls[process_],
      TEMPORAL_ADDRESS: testbed.temporalAddress,
      TEMPORAL_NAMESPACE: namespace,
      OIDC_ISSUER: testbed.issuer,
      ...extra,
    },
    log: (line: string) => process.stderr.write(`[${name} ${process_}] ${line}\n`),
  });
  const start = async (
    process_: 'worker' | 'signer' | 'deliverer',
    extra: NodeJS.ProcessEnv,
  ): Promise<number> => {
    const child = await startChild({
      command: process.execPath,
      stopSignal: 'SIGTERM',
      ...command(process_, extra),
    });
    children.push(child);
    return child.pid;
  };
  try {
    // First: the API makes the signing key that the worker reads.
    const rules = {
      ...(policies === undefined ? {} : { COUNTERSIGN_POLICY: policyFile }),
      ...(integrations === undefined ? {} : { COUNTERSIGN_INTEGRATIONS: integrations }),
    };
    const { child: api, url } = await startServer('/readyz', (port) =>
      command('api', {
        PORT: String(port),
        ONSMQTT_ENDPOINT: testbed.simulatorUrl,
        COUNTERSIGN_WRITES_PER_MINUTE: '1000000',
        ...rules,
      }),
    );
    children.push(api);
    const worker = await start('worker', {
      ...rules,
      ...(hosts === undefined ? {} : { COUNTERSIGN_HOSTS: hosts }),
      ONSMQTT_ENDPOINT: testbed.simulatorUrl,
      ALIBABA_CLOUD_ACCESS_KEY_ID: accessKey.id,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKey.secret,
    });
    const signer = await start('signer', {});
    if (webhook !== undefined) {
      const { url: to, secret } = webhook;
      await start('deliverer', { COUNTERSIGN_WEBHOOK_URL: to, COUNTERSIGN_WEBHOOK_SECRET: secret });
    }
    return {
      url,
      namespace,
      superuserUrl: superuserUrl.href,
      pids: { api: api.pid, worker, signer },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
