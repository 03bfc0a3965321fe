import { CountersignError } from '../domain/error.ts';
import { isSafeAddress } from '../domain/loopback.ts';
import type { Environment } from './environment.ts';

/**
 * The one origin that others have a process at: what its variable says, otherwise its port on this machine.
 *
 * @param name - the variable
 * @throws CountersignError `invalid_configuration` for an address that is no origin, or without TLS off loopback
 */
export function ownOrigin(
  name: 'CONSOLE_URL' | 'MCP_URL',
  env: Partial<Pick<Environment, 'CONSOLE_URL' | 'MCP_URL'>>,
  port: number,
): URL {
  return originOf(name, env[name] ?? `http://localhost:${port}`);
}

/**
 * The origin that a variable names.
 *
 * @throws CountersignError `invalid_configuration` for an address that is no origin, or without TLS off loopback
 */
export function originOf(name: keyof Environment, address: string): URL {
  const refuse = (rule: string, message: string): never => {
    throw new CountersignError('invalid_configuration', `${name}: ${message}`, {
      errors: [{ field: name, rule, message }],
    });
  };
  const url = new URL(address);
  if (url.href !== `${url.origin}/`) refuse('origin', 'must be an origin, such as https://console.example');
  if (!isSafeAddress(url)) refuse('https', 'must be https: except on loopback');
  return url;
}
