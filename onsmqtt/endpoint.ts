import { CountersignError } from '../domain/error.ts';

/** Where calls go, in the SDK's terms. */
export interface Endpoint {
  /** Host, with a port where it is not the protocol's own. */
  readonly host: string;
  readonly protocol: 'HTTP' | 'HTTPS';
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Whether a URL's host name is this machine's own. */
export function isLoopback(hostname: string): boolean {
  return loopback.test(hostname);
}

/**
 * A function from a region to its endpoint: the given URL for every region, or the region's public one over HTTPS.
 *
 * @param url - `ONSMQTT_ENDPOINT`: scheme, host and port only; `http:` is for this machine alone, since a call over it
 *   shows everybody on the way what is called
 * @throws CountersignError `invalid_configuration` naming the variable and the rule; the URL itself is not repeated
 */
export function endpointOf(url: string | undefined): (regionId: string) => Endpoint {
  if (url === undefined) {
    return (regionId) => ({ host: `onsmqtt.${regionId}.aliyuncs.com`, protocol: 'HTTPS' });
  }
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    refuse('url', 'must be a URL with http: or https:');
  }
  if (parsed.username !== '' || parsed.password !== '') refuse('no_user', 'must not contain a user');
  if (parsed.pathname !== '/' || parsed.search !== '' || parsed.hash !== '') {
    refuse('no_path', 'must have no path, query or fragment');
  }
  const isPlain = parsed.protocol === 'http:';
  if (isPlain && !isLoopback(parsed.hostname)) refuse('https', 'must be https: except on loopback');
  const endpoint: Endpoint = { host: parsed.host, protocol: isPlain ? 'HTTP' : 'HTTPS' };
  return () => endpoint;
}

function refuse(rule: string, message: string): never {
  throw new CountersignError('invalid_configuration', `ONSMQTT_ENDPOINT: ${message}`, {
    errors: [{ field: 'ONSMQTT_ENDPOINT', rule, message }],
  });
}
