import { consoleUrl } from './console-url.ts';
import type { Environment } from './environment.ts';

/**
 * Where people find a change: by `changeUrl` of the integrations, otherwise in the console, where CONSOLE_URL says where that is.
 *
 * @returns the change's link, or null where there is no such place
 * @throws CountersignError `invalid_configuration`
 */
export function changeLinks(
  env: Pick<Environment, 'CONSOLE_URL' | 'CONSOLE_PORT'>,
  changeUrl: string | undefined,
): (id: string) => string | null {
  if (changeUrl !== undefined) return (id) => changeUrl.replaceAll('{id}', id);
  if (env.CONSOLE_URL === undefined) return () => null;
  const url = consoleUrl(env);
  return (id) => consoleChangeUrl(url, id);
}

/** Where people find a change in the console. */
export function consoleChangeUrl({ origin }: URL, id: string): string {
  return `${origin}/changes/${id}`;
}
