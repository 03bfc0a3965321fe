import type { IncomingHttpHeaders } from 'node:http';
import { CountersignError } from '../domain/error.ts';

/**
 * Why a request did not come to this server's own address (DNS rebinding), or comes of a page of elsewhere; null where it may.
 * Clients other than browsers send no `Origin`.
 *
 * @param hosts - host and port, as `Host` has them
 * @returns null, or `forbidden` (403)
 */
export function refusalOfPlace(
  { host, origin }: Pick<IncomingHttpHeaders, 'host' | 'origin'>,
  hosts: readonly string[],
): CountersignError | null {
  if (host === undefined || !hosts.includes(host.toLowerCase())) {
    return new CountersignError('forbidden', `Host: expected one of ${hosts.join(', ')}`);
  }
  if (origin !== undefined && (!URL.canParse(origin) || !hosts.includes(new URL(origin).host))) {
    return new CountersignError('forbidden', 'Origin: pages of elsewhere are not answered');
  }
  return null;
}

/** The bearer token of an `Authorization` header (RFC 6750). @throws CountersignError `unauthenticated` */
export function bearerIn(authorization: string | undefined): string {
  const [, token] = /^bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '') ?? [];
  if (token === undefined) throw new CountersignError('unauthenticated', 'a bearer token is needed');
  return token;
}
