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
};

export type Ports = Record<keyof typeof defaults, number>;

/**
 * The ports to prefer: those of the last start in this home, so that what was started beside another stack finds its
 * identity provider, whose address is part of everybody's identity, where it was. What is no port is as good as none.
 *
 * @param api - as `PORT` says; another one than the default is preferred to the last start's
 */
export async function preferredPorts(home: string, api: number): Promise<Ports> {
  const text = await readFile(join(home, 'ports.json'), 'utf8').catch(() => '{}');
  const asked = api === defaults.api ? {} : { api };
  return { ...defaults, ...portsIn(text), ...asked };
}

function portsIn(text: string): Partial<Ports> {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return {};
  }
  return Object.fromEntries(
    Object.entries(found ?? {}).filter(
      ([name, port]) => Object.hasOwn(defaults, name) && Number.isInteger(port) && port > 0 && port < 65536,
    ),
  );
}

/** Remembers the ports of this start. */
export async function rememberPorts(home: string, ports: Ports): Promise<void> {
  await writeFile(join(home, 'ports.json'), JSON.stringify(ports, null, 2));
}
