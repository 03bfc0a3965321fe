import { isIP } from 'node:net';
import { RemoteError } from '../remote-error.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { addressGuard } from './special-addresses.ts';

/**
 * A {@link GuardedFetch} by a proxy, which looks names up and so decides alone where they lead: only an address that is written
 * out can be refused here.
 *
 * @param fetch - through the proxy, without following redirects
 */
export function makeProxiedFetch(
  fetch: typeof globalThis.fetch,
  allowNetworks: readonly string[],
): GuardedFetch {
  const isAllowed = addressGuard(allowNetworks);
  return async (url, { headers, body, signal }) => {
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !isAllowed(host)) {
      throw new RemoteError('unreachable', 'its address is in a range that is not allowed');
    }
    try {
      const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
      await answer.body?.cancel();
      return { status: answer.status, retryAfter: answer.headers.get('retry-after') };
    } catch {
      throw new RemoteError('unreachable', signal.aborted ? 'no answer in time' : 'no answer');
    }
  };
}
