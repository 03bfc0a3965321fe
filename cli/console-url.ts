import type { Environment } from './environment.ts';
import { ownOrigin } from './own-origin.ts';

/**
 * The console's one origin: a cookie goes to every path of a host, and who logs out comes to the address itself.
 *
 * @throws CountersignError `invalid_configuration`
 */
export function consoleUrl(env: Pick<Environment, 'CONSOLE_URL' | 'CONSOLE_PORT'>): URL {
  return ownOrigin('CONSOLE_URL', env, env.CONSOLE_PORT);
}
