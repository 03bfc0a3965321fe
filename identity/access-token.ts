import type { JWTPayload } from 'jose';

/** Claims that an ID token has for its client (OpenID Connect Core 1.0 §2, §3.3.2.11), and a logout or event token. */
const foreignClaims = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events'];
/** Claims by which an access token says what it is for, or which client got it (RFC 9068 §2.2, and vendors' own names). */
const accessClaims = ['client_id', 'cid', 'scope', 'scp'];

/**
 * Why a verified JWT is no access token, or null when it is one. An ID token is signed by the same keys, and where a
 * client's id equals the API's audience it has the same `aud`; it tells the client who logged in and is no permission to
 * call anything. So a token needs a mark of its own:
 *
 * - `typ` is `at+jwt` (RFC 9068 §2.1): the provider says so;
 * - or `typ` is `JWT` or missing, nothing marks another kind of token, and something marks an access token.
 */
export function accessTokenFault(header: { readonly typ?: unknown }, payload: JWTPayload): string | null {
  if (header.typ !== undefined && typeof header.typ !== 'string') return 'its typ is no text';
  const kind = header.typ?.toLowerCase().replace(/^application\//, '');
  if (kind === 'at+jwt') return null;
  if (kind !== undefined && kind !== 'jwt') return `it is of type ${kind}`;
  const foreign = foreignClaims.find((name) => payload[name] !== undefined);
  if (foreign !== undefined) return `it has ${foreign}, as other tokens have`;
  // Keycloak's and Cognito's own.
  const { typ, token_use: use } = payload;
  if (typ !== undefined && typ !== 'Bearer') return 'its claim typ is not Bearer';
  if (use !== undefined && use !== 'access') return 'its claim token_use is not access';
  const isMarked = typ === 'Bearer' || use === 'access' || accessClaims.some((name) => isText(payload[name]));
  return isMarked ? null : 'nothing in it marks an access token';
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.length > 0);
}
