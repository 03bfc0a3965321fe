import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { callbackPath } from '../console/paths.ts';
import { searchAttributes } from '../domain/search-attributes.ts';
import { endOf } from '../embedded/child.ts';
import type { ConsoleClient } from '../embedded/demo-provider.ts';
import { servedRegion } from '../onsmqtt/region.ts';
import { consoleClientKeys } from './console-keys.ts';
import { consoleUrl } from './console-url.ts';
import type { EmbeddedSystems } from './embedded-systems.ts';
import type { Environment } from './environment.ts';
import { preferredPorts } from './ports.ts';
import type { Ports } from './ports.ts';

/** Where everything is, as variables for each process. */
export interface Stack {
  readonly env: Record<
    'shared' | 'api' | 'worker' | 'signer' | 'deliverer' | 'console' | 'witness' | 'migrate',
    Record<string, string>
  >;
  readonly places: Readonly<Record<string, string>>;
  /** The command line's client at the demo identity provider; null where OIDC_ISSUER names another provider. */
  readonly demoClient: string | null;
  /** Where people have the console. */
  readonly consoleUrl: URL;
  /** Where each part listens; the API's is the preferred one. */
  readonly ports: Ports;
  /** The local ticket and chat systems; null where COUNTERSIGN_INTEGRATIONS names others. */
  readonly systems: EmbeddedSystems | null;
  /** Resolves with how a part has ended that nobody had told to. */
  readonly failed: Promise<string>;
  /** Stops everything that was started, the last first. */
  stop(): Promise<void>;
}

const demoKey = { accessKeyId: 'countersign-demo', accessKeySecret: 'countersign-demo-secret' };

/** The certificates that the simulator of a demo knows. */
export const demoInstance = 'post-cn-demo00001';
const demoCertificates = Array.from({ length: 20 }, (_, i) => ({
  mqttInstanceId: demoInstance,
  sn: `00726900488700${String(i + 1).padStart(4, '0')}`,
  caName: `factory-line-${i + 1}`,
  status: '0' as const,
}));

/** The web UI under the name of this machine that the console has, too: only then a browser sends the console's cookie along. */
function uiAt(url: string): string {
  return `http://localhost:${new URL(url).port}`;
}

/** Starts what the environment does not name: Postgres, Temporal, a demo identity provider and the simulator, on loopback. */
export async function startEmbedded(
  env: Environment,
  processEnv: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<Stack> {
  const home = resolve(env.COUNTERSIGN_HOME);
  await mkdir(home, { recursive: true });
  const ports = await preferredPorts(home, { api: env.PORT, console: env.CONSOLE_PORT });
  const { freePort } = await import('../embedded/free-port.ts');
  // Before the identity provider starts, which has to know where a login leads back to.
  ports.console = await freePort(ports.console);
  const url = consoleUrl({ ...env, CONSOLE_PORT: ports.console });
  const stops: (() => Promise<unknown>)[] = [];
  const ends: Promise<string>[] = [];
  const shared: Record<string, string> = { COUNTERSIGN_HOME: home, CONSOLE_URL: url.origin };
  const places: Record<string, string> = {};
  const urls: Record<'api' | 'worker' | 'signer' | 'deliverer' | 'console' | 'migrate', string> = {
    api: '',
    worker: '',
    signer: '',
    deliverer: '',
    console: '',
    migrate: '',
  };
  const stop = async () => {
    for (const end of stops.reverse()) await end();
  };

  const policy = async () => {
    if (env.COUNTERSIGN_POLICY !== undefined) return;
    const { demoPolicy } = await import('../embedded/demo-policy.ts');
    const { makeOnce } = await import('../embedded/make-once.ts');
    const { jsonSchemas } = await import('../policies/json-schema.ts');
    // Of this version, beside the file that names it.
    for (const [name, schema] of Object.entries(jsonSchemas())) {
      await writeFile(join(home, name), `${JSON.stringify(schema, null, 2)}\n`);
    }
    const file = join(home, 'policy.yaml');
    // Whoever has changed it keeps what they wrote.
    await makeOnce(file, () => demoPolicy, 0o644);
    shared.COUNTERSIGN_POLICY = file;
    places.Policy = file;
  };
  const postgres = async () => {
    if (env.DATABASE_URL !== undefined) {
      const own = env.DATABASE_URL;
      const migrate = env.MIGRATION_DATABASE_URL ?? own;
      Object.assign(urls, { api: own, worker: own, signer: own, deliverer: own, console: own, migrate });
      places.Postgres = new URL(own).host;
      return;
    }
    const { startPostgres } = await import('../embedded/postgres.ts');
    const { bootstrapDatabase } = await import('../embedded/bootstrap-database.ts');
    const server = await startPostgres({ dataDir: join(home, 'postgres'), port: ports.postgres });
    ports.postgres = server.port;
    stops.push(() => server.stop());
    ends.push(server.exited.then((exit) => endOf('Postgres', exit)));
    const made = await bootstrapDatabase({
      superuserUrl: server.superuserUrl,
      passwordFile: join(home, 'database-logins.json'),
    });
    Object.assign(urls, { ...made, migrate: made.migrator });
    places.Postgres = `127.0.0.1:${server.port}, database countersign`;
  };
  const temporal = async () => {
    if (processEnv.TEMPORAL_ADDRESS) {
      places.Temporal = processEnv.TEMPORAL_ADDRESS;
      return;
    }
    const { startTemporal } = await import('../embedded/temporal.ts');
    const server = await startTemporal({
      home,
      env: processEnv,
      port: ports.temporal,
      uiPort: ports.temporalUi,
      dbFilename: join(home, 'temporal.db'),
      searchAttributes,
    });
    stops.push(() => server.stop());
    ends.push(server.exited.then((exit) => endOf('Temporal', exit)));
    shared.TEMPORAL_ADDRESS = server.address;
    // Whoever can start workflows on this server is on this machine.
    shared.COUNTERSIGN_HOSTS = env.COUNTERSIGN_HOSTS ?? '*/*';
    if (server.uiUrl !== null)
      shared.COUNTERSIGN_TEMPORAL_UI_URL = env.COUNTERSIGN_TEMPORAL_UI_URL ?? uiAt(server.uiUrl);
    ports.temporal = Number(server.address.split(':').at(-1));
    places.Temporal =
      server.uiUrl === null
        ? server.address
        : `${server.address}, web UI ${uiAt(server.uiUrl)} (codec server ${url.origin}/codec)`;
  };
  let demoClient: string | null = null;
  const identity = async () => {
    if (env.OIDC_ISSUER !== undefined) {
      places['Identity provider'] = env.OIDC_ISSUER;
      return;
    }
    const { startIdentityProvider } = await import('../embedded/identity-provider.ts');
    const { DEMO_CLI_CLIENT_ID } = await import('../embedded/demo-provider.ts');
    demoClient = DEMO_CLI_CLIENT_ID;
    const { publicKey } = await consoleClientKeys({ ...env, COUNTERSIGN_HOME: home });
    const provider = await startIdentityProvider({
      home,
      audience: env.OIDC_AUDIENCE,
      port: ports.identity,
      console: {
        clientId: env.CONSOLE_CLIENT_ID,
        redirectUri: `${url.origin}${callbackPath}`,
        loggedOutUri: `${url.origin}/`,
        jwks: JSON.parse(await readFile(publicKey, 'utf8')) as ConsoleClient['jwks'],
      },
    });
    ports.identity = provider.port;
    stops.push(() => provider.stop());
    shared.OIDC_ISSUER = provider.issuer;
    places['Identity provider'] = `${provider.issuer} (demo users)`;
  };
  const vendor = async () => {
    if (env.ONSMQTT_ENDPOINT !== undefined || env.ALIBABA_CLOUD_ACCESS_KEY_ID !== undefined) {
      const region = servedRegion(env.ONSMQTT_REGION, env.ONSMQTT_ENDPOINT);
      places.ApsaraMQ = `${env.ONSMQTT_ENDPOINT ?? 'its own endpoint'}, region ${region}`;
      return;
    }
    const { startSimulator } = await import('../simulator/server.ts');
    const folder = join(home, 'simulator');
    await mkdir(folder, { recursive: true });
    const simulator = await startSimulator({
      port: await freePort(ports.simulator),
      regionId: servedRegion(env.ONSMQTT_REGION, 'http://127.0.0.1'),
      trailFile: join(folder, 'actiontrail.jsonl'),
      accessKeys: { [demoKey.accessKeyId]: demoKey.accessKeySecret },
    });
    stops.push(() => simulator.close());
    ports.simulator = simulator.port;
    const seeded = await fetch(`${simulator.url}/_sim/certificates`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(demoCertificates),
    });
    if (!seeded.ok) throw new Error(`the simulator refused its certificates: ${await seeded.text()}`);
    shared.ONSMQTT_ENDPOINT = simulator.url;
    places.ApsaraMQ = `${simulator.url} (simulator, instance ${demoInstance})`;
  };

  /** After the identity provider: whose accounts are whose is said of its users. */
  const ticketSystems = async (): Promise<EmbeddedSystems | null> => {
    if (env.COUNTERSIGN_INTEGRATIONS !== undefined) return null;
    const { startEmbeddedSystems } = await import('./embedded-systems.ts');
    const issuer = shared.OIDC_ISSUER ?? env.OIDC_ISSUER ?? '';
    const started = await startEmbeddedSystems(home, ports, issuer);
    stops.push(() => started.stop());
    Object.assign(ports, started.ports);
    shared.COUNTERSIGN_INTEGRATIONS = started.integrationsFile;
    shared.COUNTERSIGN_DIRECTORY = env.COUNTERSIGN_DIRECTORY ?? started.directoryFile;
    const { jira, serviceNow, slack, dingTalk } = started.urls;
    places.Jira = `${jira}/_sim`;
    places.ServiceNow = `${serviceNow}/_sim`;
    places.Slack = `${slack}/_sim`;
    places.DingTalk = `${dingTalk}/_sim`;
    return started;
  };

  say('starting Postgres, Temporal, the identity provider and the simulator');
  const results = await Promise.allSettled([postgres(), temporal(), identity(), vendor(), policy()]);
  const broken = results.find((result) => result.status === 'rejected');
  if (broken) {
    await stop();
    throw broken.reason;
  }
  const systems = await ticketSystems().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const worker =
    shared.ONSMQTT_ENDPOINT === undefined
      ? {}
      : {
          ALIBABA_CLOUD_ACCESS_KEY_ID: demoKey.accessKeyId,
          ALIBABA_CLOUD_ACCESS_KEY_SECRET: demoKey.accessKeySecret,
        };
  return {
    env: {
      shared,
      api: { DATABASE_URL: urls.api },
      worker: { DATABASE_URL: urls.worker, ...worker },
      signer: { DATABASE_URL: urls.signer },
      deliverer: { DATABASE_URL: urls.deliverer },
      console: { DATABASE_URL: urls.console, CONSOLE_PORT: String(ports.console) },
      // It knows no database, and listens where nobody else does.
      witness: { DATABASE_URL: '', HOST: '127.0.0.1' },
      migrate: { DATABASE_URL: urls.migrate },
    },
    places,
    demoClient,
    consoleUrl: url,
    ports,
    systems,
    failed: ends.length > 0 ? Promise.race(ends) : new Promise(() => undefined),
    stop,
  };
}
