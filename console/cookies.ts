import { createHash } from 'node:crypto';
import type { CookieOptions } from 'express';

/** The names of the console's cookies, and how they are set. */
export interface Cookies {
  readonly session: string;
  /** The cookie of one attempt to log in. @param state - as the provider brings it back */
  attempt(state: string): string;
  isAttempt(name: string): boolean;
  /** Sent with what the page itself asks for, never with what another site leads to. */
  readonly ofSession: CookieOptions;
  /** Sent when the provider leads back here. */
  readonly ofAttempt: CookieOptions;
}

/**
 * The cookies of a console at an address. Over TLS their names have the prefix that browsers believe of a cookie alone which this
 * host set, over TLS, out of reach of scripts. On loopback without TLS not every browser keeps a Secure cookie; there the names
 * have the port, which is no part of a cookie's place.
 */
export function cookiesOf({ protocol, port }: URL): Cookies {
  const secure = protocol === 'https:';
  const session = secure ? '__Host-Http-countersign' : `countersign-${port}`;
  const shared = { httpOnly: true, secure, path: '/' };
  const attempt = `${session}-login-`;
  return {
    session,
    attempt: (state) => `${attempt}${createHash('sha256').update(state).digest('base64url').slice(0, 16)}`,
    isAttempt: (name) => name.startsWith(attempt),
    ofSession: { ...shared, sameSite: 'strict' },
    ofAttempt: { ...shared, sameSite: 'lax' },
  };
}

/** The cookies that a request brings; of two with one name the first. */
export function cookiesIn(header: string | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at).trim();
    if (at > 0 && !found.has(name)) found.set(name, pair.slice(at + 1).trim());
  }
  return found;
}
