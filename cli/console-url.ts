import { CountersignError } from '../domain/error.ts';
import { isSafeAddress } from '../domain/loopback.ts';
import type { Environment } from './environment.ts';

/**
 * The console's one origin: `CONSOLE_URL`, otherwise its port on this machine.
 *
 * @throws CountersignError `invalid_configuration` for an address that is no origin, or without TLS off loopback
 */
export function consoleUrl(env: Pick<Environment, 'CONSOLE_URL' | 'CONSOLE_PORT'>): URL {
  const url = new URL(env.CONSOLE_URL ?? `http://localhost:${env.CONSOLE_PORT}`);
  // A cookie goes to every path of a host, and who logs out comes to the address itself.
  if (url.href !== `${url.origin}/`) refuse('origin', 'must be an origin, such as https://console.example');
  if (!isSafeAddress(url)) refuse('https', 'must be https: except on loopback');
  return url;
}

function refuse(rule: string, message: string): never {
  throw new CountersignError('invalid_configuration', `CONSOLE_URL: ${message}`, {
    errors: [{ field: 'CONSOLE_URL', rule, message }],
  });
}
