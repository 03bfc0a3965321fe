import type { Request } from 'express';

/** Where the API says whose tokens it takes (RFC 9728 §3). */
export const resourceMetadataPath = '/.well-known/oauth-protected-resource';

/**
 * The API's own address as its caller wrote it, or null where the request has none. It is told to that caller alone, and
 * nothing is decided by it.
 */
export function resourceOf({ protocol, host }: Pick<Request, 'protocol' | 'host'>): string | null {
  const address = `${protocol}://${host}`;
  return URL.canParse(address) ? new URL(address).origin : null;
}
