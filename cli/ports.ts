import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The parts of the embedded stack that listen, with the port that each prefers on a first start. */
const defaults = {
  api: 8080,
  postgres: 5433,
  temporal: 7233,
  temporalUi: 8233,
  identity: 8181,
  simulator: 8280,
  witness: 8281,
  jira: 8282,
  servicenow: 8283,
  slack: 8284,
  dingtalk: 8285,
  console: 8090,
};

export type Ports = Record<keyof typeof defaults, number>;

/** The ports that a start was asked for, by `PORT` and `CONSOLE_PORT`. */
export type AskedPorts = Pick<Ports, 'api' | 'console'>;

const askable = ['api', 'console'] as const;

/**
 * The ports to prefer: those of the last start in this home, so that what was started beside another stack finds its
 * identity provider, whose address is part of everybody's identity, where it was. What is no port is as good as none.
 *
 * @param asked - where another one was asked for at the last start, it is preferred to that start's
 */
export async function preferredPorts(home: string, asked: AskedPorts): Promise<Ports> {
  const found = objectIn(await readFile(join(home, 'ports.json'), 'utf8').catch(() => '{}'));
  const before = { ...defaults, ...portsIn(found.asked) };
  const changed = askable.filter((name) => asked[name] !== before[name]);
  return {
    ...defaults,
    ...portsIn(found),
    ...Object.fromEntries(changed.map((name) => [name, asked[name]])),
  };
}

function objectIn(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function portsIn(found: unknown): Partial<Ports> {
  return Object.fromEntries(
    Object.entries(found ?? {}).filter(
      ([name, port]) => Object.hasOwn(defaults, name) && Number.isInteger(port) && port > 0 && port < 65536,
    ),
  );
}

/** Remembers the ports of this start. @param asked - which may have been in use */
export async function rememberPorts(home: string, ports: Ports, asked: AskedPorts): Promise<void> {
  await writeFile(join(home, 'ports.json'), JSON.stringify({ ...ports, asked }, null, 2));
}
