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
};

export type Ports = Record<keyof typeof defaults, number>;

/**
 * The ports to prefer: those of the last start in this home, so that what was started beside another stack finds its
 * identity provider, whose address is part of everybody's identity, where it was. What is no port is as good as none.
 *
 * @param api - as `PORT` says; where it said another one at the last start, it is preferred to that start's
 */
export async function preferredPorts(home: string, api: number): Promise<Ports> {
  const text = await readFile(join(home, 'ports.json'), 'utf8').catch(() => '{}');
  const { asked = defaults.api, ...last } = portsIn(text);
  return { ...defaults, ...last, ...(asked === api ? {} : { api }) };
}

function portsIn(text: string): Partial<Ports & { asked: number }> {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return {};
  }
  return Object.fromEntries(
    Object.entries(found ?? {}).filter(
      ([name, port]) =>
        (name === 'asked' || Object.hasOwn(defaults, name)) &&
        Number.isInteger(port) &&
        port > 0 &&
        port < 65536,
    ),
  );
}

/** Remembers the ports of this start. @param asked - as `PORT` said, which may have been in use */
export async function rememberPorts(home: string, ports: Ports, asked: number): Promise<void> {
  await writeFile(join(home, 'ports.json'), JSON.stringify({ ...ports, asked }, null, 2));
}
