import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { environmentSchema, readEnvironment } from '../../cli/environment.ts';
import { readCompose, root } from './compose-file.ts';
import type { Service } from './compose-file.ts';

const run = promisify(execFile);
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
const compose = readCompose();
const services = Object.entries(compose.services);
const ours = services.filter(([, { build }]) => build !== undefined);

/** What Temporal's, the vendor's and OpenTelemetry's own libraries read. */
const foreign = /^(TEMPORAL|ALIBABA_CLOUD|OTEL)_/;

/** As Compose would: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`. */
function interpolated(value: string, env: Record<string, string>): string {
  return value.replaceAll(
    /\$\{([A-Z_]+)(?::-([^}]*)|:\?[^}]*)?\}/g,
    (_all, name: string, byDefault?: string) =>
      env[name] ? env[name] : (byDefault ?? `given-${name.toLowerCase().replaceAll('_', '-')}`),
  );
}

function values(service: Service, env: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(service.environment).map(([name, value]) => [name, interpolated(value, env)]),
  );
}

test('every name that the file refers to is in it', () => {
  for (const [name, service] of services) {
    for (const other of Object.keys(service.depends_on)) expect(compose.services, name).toHaveProperty(other);
    for (const network of service.networks ?? []) expect(compose.networks, name).toHaveProperty(network);
    for (const secret of service.secrets) expect(compose.secrets, name).toHaveProperty(secret);
    if (service.network_mode) {
      expect(compose.services).toHaveProperty(service.network_mode.slice('service:'.length));
    }
    for (const [other, { condition }] of Object.entries(service.depends_on)) {
      if (condition === 'service_healthy') {
        expect(compose.services[other]?.healthcheck, `${name} → ${other}`).toBeDefined();
      }
    }
  }
});

test('every file that is mounted or copied is in the repository, and reaches the image', () => {
  for (const [name, service] of services) {
    for (const volume of service.volumes) {
      // A folder that the environment names is the operators' own.
      if (volume.startsWith('${')) continue;
      const [source = ''] = volume.split(':');
      if (source.startsWith('.')) expect(existsSync(join(root, source)), `${name}: ${source}`).toBe(true);
      else expect(compose.volumes, name).toHaveProperty(source);
    }
  }
  const [everything, ...allowed] = readFileSync(join(root, '.dockerignore'), 'utf8').trim().split('\n');
  expect(everything).toBe('*');
  for (const line of allowed) expect(existsSync(join(root, line.replace(/^!/, ''))), line).toBe(true);
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, args = '']) =>
    args.split(' ').slice(0, -1),
  );
  expect(copied).toContain('.');
  for (const source of copied) if (source !== '.') expect(allowed).toContain(`!${source}`);
});

test('each process is given only variables that it knows, with values that it takes', () => {
  for (const [name, service] of ours) {
    for (const variable of Object.keys(service.environment)) {
      const known = variable in environmentSchema.shape || foreign.test(variable);
      expect(known, `${name}: ${variable}`).toBe(true);
    }
    const env = values(service, {
      OIDC_ISSUER: 'https://id.example',
      ONSMQTT_REGION: 'cn-hangzhou',
      CONSOLE_URL: 'https://console.example',
    });
    expect(() => readEnvironment(env), name).not.toThrow();
  }
});

/** What is not for Compose: made by `keys` there, or with an address of its own. */
const elsewhere = ['MIGRATION_DATABASE_URL', 'COUNTERSIGN_LOG_ORIGIN'];

test('each process can be given every variable that it reads, as the page of the configuration has it', () => {
  const page = readFileSync(join(root, 'docs', 'configuration.md'), 'utf8');
  const image = new Set([...dockerfile.matchAll(/^(?:ENV|) +([A-Z_]+)=/gm)].map(([, name]) => name));
  expect(image).toContain('COUNTERSIGN_HOME');
  let seen = 0;
  for (const [, name = '', by = ''] of page.matchAll(/^\| `([A-Z_]+)` *\|[^|]*\|[^|]*\|([^|]*)\|/gm)) {
    if (elsewhere.includes(name) || image.has(name)) continue;
    for (const [service, { command, environment }] of ours) {
      if (!by.split(/[,\s]+/).includes(command?.[0] ?? '')) continue;
      expect(environment, service).toHaveProperty(name);
      seen += 1;
    }
  }
  expect(seen).toBeGreaterThan(40);
});

test('policy, directory, calendar and integrations lie in one folder that can only be read', () => {
  for (const [name, service] of ours) {
    const reads = ['api', 'worker', 'deliverer'].includes(service.command?.[0] ?? '');
    const rules = service.volumes.filter((volume) => volume.endsWith(':/etc/countersign:ro'));
    expect(rules, name).toHaveLength(reads ? 1 : 0);
  }
  expect(text).toContain('/etc/countersign/policy.yaml');
});

test('each process runs a command that there is', async () => {
  const { stdout } = await run(process.execPath, [join(root, 'cli', 'main.ts'), '--help']);
  const commands = [...stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)/gm)].map(
    ([, command]) => command,
  );
  expect(commands).toContain('start');
  for (const [name, service] of ours) expect(commands, name).toContain(service.command?.[0]);
  const run_ = ours.map(([, service]) => service.command?.[0]);
  expect(new Set(run_)).toEqual(
    new Set([
      'migrate',
      'api',
      'worker',
      'signer',
      'deliverer',
      'forwarder',
      'console',
      'witness',
      'simulator',
    ]),
  );
});

test('each process has its own login and no other', () => {
  const migrations = readFileSync(join(root, 'migrations', '0001-roles-and-schemas.sql'), 'utf8');
  // What forwards the log only reads it.
  const logins = {
    migrate: 'countersign_migrator',
    forwarder: 'countersign_reader_login',
  } as Record<string, string>;
  for (const [name, service] of ours) {
    const url = service.environment.DATABASE_URL;
    const process = service.command?.[0] ?? '';
    if (process === 'simulator' || process === 'witness') {
      expect(url).toBeUndefined();
      continue;
    }
    const { username, host, pathname } = new URL(interpolated(url ?? '', {}));
    expect({ username, host, pathname }, name).toEqual({
      username: logins[process] ?? `countersign_${process}_login`,
      host: 'database:5432',
      pathname: '/countersign',
    });
    const role = username.replace(/_login$/, '');
    if (process !== 'migrate') expect(migrations).toContain(`'${role}'`);
    // No second password: neither another process's nor the superuser's.
    const passwords = [...JSON.stringify(service.environment).matchAll(/\$\{(DATABASE_\w+_PASSWORD)/g)];
    expect(new Set(passwords.map(([, variable]) => variable)).size, name).toBe(1);
  }
});

test('the signing key is the API’s alone, and the vendor’s credentials are the worker’s alone', () => {
  for (const [name, service] of services) {
    const process = service.build === undefined ? null : service.command?.[0];
    expect(service.secrets.includes('statement-key'), name).toBe(process === 'api');
    expect(service.secrets.includes('statement-public-key'), name).toBe(process === 'worker');
    const credentials = Object.entries(service.environment).filter(([variable]) => /^ALIBABA/.test(variable));
    if (process === 'forwarder') {
      // A key of its own, for the store that it writes to.
      for (const [, value] of credentials) expect(value).toMatch(/^\$\{FORWARDER_[A-Z_]+:-\}$/);
      continue;
    }
    expect(credentials.length > 0, name).toBe(process === 'worker' || process === 'simulator');
  }
  expect(compose.services.api?.environment.COUNTERSIGN_STATEMENT_KEY).toBe('/run/secrets/statement-key');
  expect(compose.services.worker?.environment.COUNTERSIGN_STATEMENT_PUBLIC_KEYS).toBe(
    '/run/secrets/statement-public-key',
  );
  expect(compose.secrets['statement-key']?.file).toMatch(/\/statement\.pem$/);
  expect(compose.secrets['statement-public-key']?.file).toMatch(/\/statement\.pub\.pem$/);
});

test('the log’s key is the signer’s alone, the witness’s its own, and both remember on a volume', () => {
  for (const [name, service] of services) {
    const process = service.build === undefined ? null : service.command?.[0];
    expect(service.secrets.includes('log-key'), name).toBe(process === 'signer');
    expect(service.secrets.includes('witness-key'), name).toBe(process === 'witness');
    expect(service.secrets.includes('log-public-key'), name).toBe(
      process === 'worker' || process === 'witness' || process === 'forwarder',
    );
    const memory = service.volumes.filter((volume) => volume.includes('/var/lib/countersign/'));
    expect(memory, name).toEqual(
      process === 'signer' || process === 'witness'
        ? [`${process}-memory:/var/lib/countersign/${process}`]
        : [],
    );
  }
  expect(compose.services.signer?.environment.COUNTERSIGN_LOG_KEY).toBe('/run/secrets/log-key');
  // No database is within the witness's reach.
  expect(compose.services.witness?.networks).toEqual(['witness']);
  expect(dockerfile).toMatch(/install -d -o 1000 .*\/signer .*\/witness/);
});

test('the console’s keys are its own, and it has no other; it has no way to Temporal or the vendor', () => {
  for (const [name, service] of services) {
    const own = ['console-client-key', 'console-session-key'];
    const isConsole = service.build !== undefined && service.command?.[0] === 'console';
    expect(
      service.secrets.filter((secret) => secret.startsWith('console-')),
      name,
    ).toEqual(isConsole ? own : []);
    if (!isConsole) continue;
    expect(service.secrets).toEqual(own);
    expect(service.networks).toEqual(['front', 'data']);
    expect(service.environment).not.toHaveProperty('TEMPORAL_ADDRESS');
  }
  expect(compose.services.console?.environment.COUNTERSIGN_URL).toBe('http://api:8080');
});

test('our processes run without root, without capabilities and on a file system that they cannot write', () => {
  expect(dockerfile).toMatch(/^USER 1000:1000$/m);
  for (const [name, service] of ours) {
    expect(service, name).toMatchObject({
      user: '1000:1000',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      init: true,
    });
  }
  expect(compose.services.api?.deploy?.replicas).toBe(2);
  expect(compose.services.worker?.deploy?.replicas).toBe(2);
});

test('every image is a version, and only loopback is published', () => {
  const images = services.map(([, { image }]) => image);
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image = '']) => image);
  expect(bases.length).toBe(2);
  for (const image of [...images, ...bases]) expect(image).toMatch(/:\d+\.\d+(\.\d+)?(-[a-z-]+)?$/);
  const { devDependencies, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
    version: string;
  };
  for (const base of bases) expect(base).toMatch(new RegExp(`^node:${devDependencies.node}-`));
  for (const [, service] of ours) expect(service.image).toBe(`countersign:${version}`);
  expect(services.filter(([, { ports }]) => ports).map(([name]) => name)).toEqual(['api', 'console']);
});

test('what has to be given is described', () => {
  const operations = readFileSync(join(root, 'docs', 'operations.md'), 'utf8');
  const needed = new Set([...text.matchAll(/\$\{([A-Z_]+):\?/g)].map(([, name = '']) => name));
  expect(needed.size).toBeGreaterThan(5);
  for (const name of needed) expect(operations).toContain(name);
});

const engine = await run('docker', ['compose', 'version']).then(
  () => true,
  () => false,
);
test.runIf(engine)('docker compose takes the file', async () => {
  const names = [...text.matchAll(/\$\{([A-Z_]+):\?/g)].map(([, name = '']) => name);
  const env = { ...process.env, ...Object.fromEntries(names.map((name) => [name, 'given'])) };
  await run('docker', ['compose', '--profile', 'simulator', 'config', '--quiet'], { cwd: root, env });
});
