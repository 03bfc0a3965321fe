import { decodeJwt } from 'jose';
import type { JWTPayload } from 'jose';

/** What a token says, without a look at its signature; null where it is no JWT. */
export function unverifiedClaims(token: string): JWTPayload | null {
  try {
    return decodeJwt(token);
  } catch {
    return null;
  }
}
