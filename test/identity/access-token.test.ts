import { expect, test } from 'vitest';
import { accessTokenFault } from '../../identity/access-token.ts';

/** As providers make them; iss, aud, sub and times are verified apart. */
test.each<[string, { typ?: string }, Record<string, unknown>, 'access token' | 'none']>([
  ['RFC 9068', { typ: 'at+jwt' }, { client_id: 'cli', jti: '1' }, 'access token'],
  ['RFC 9068, the long form', { typ: 'application/at+jwt' }, {}, 'access token'],
  ['RFC 9068, in capitals', { typ: 'AT+JWT' }, {}, 'access token'],
  ['Keycloak’s access token', { typ: 'JWT' }, { typ: 'Bearer', azp: 'cli', sid: 's' }, 'access token'],
  ['Keycloak’s ID token', { typ: 'JWT' }, { typ: 'ID', azp: 'cli', sid: 's', at_hash: 'h' }, 'none'],
  ['Keycloak’s refresh token', { typ: 'JWT' }, { typ: 'Refresh', azp: 'cli', scope: 'openid' }, 'none'],
  ['Entra’s access token', { typ: 'JWT' }, { scp: 'access', azp: 'cli', uti: 'u' }, 'access token'],
  ['Entra’s ID token', { typ: 'JWT' }, { nonce: 'n', uti: 'u', rh: 'r' }, 'none'],
  ['Okta’s access token', {}, { cid: 'cli', scp: ['openid'] }, 'access token'],
  ['Okta’s ID token', {}, { amr: ['pwd'], idp: 'i', auth_time: 1, at_hash: 'h' }, 'none'],
  ['Auth0’s access token', { typ: 'JWT' }, { azp: 'cli', scope: 'openid profile' }, 'access token'],
  ['Cognito’s access token', {}, { token_use: 'access', client_id: 'cli' }, 'access token'],
  ['Cognito’s ID token', {}, { token_use: 'id', auth_time: 1 }, 'none'],
  ['an ID token with nothing but what it must have', {}, {}, 'none'],
  [
    'an ID token of one client',
    { typ: 'JWT' },
    { azp: 'countersign', name: 'Bob', roles: ['admin'] },
    'none',
  ],
  ['an ID token with a scope', { typ: 'JWT' }, { scope: 'openid', nonce: 'n' }, 'none'],
  ['an ID token by the hybrid flow', { typ: 'JWT' }, { scope: 'openid', c_hash: 'h' }, 'none'],
  ['a logout token', { typ: 'logout+jwt' }, { events: {}, client_id: 'cli' }, 'none'],
  ['a logout token without a type', {}, { events: {}, client_id: 'cli' }, 'none'],
  ['a proof of possession', { typ: 'dpop+jwt' }, { scope: 'x' }, 'none'],
  ['an authorization response', { typ: 'oauth-authz-req+jwt' }, { client_id: 'cli' }, 'none'],
  ['an empty list of scopes', {}, { scp: [] }, 'none'],
  ['a scope of another type', {}, { scope: true }, 'none'],
])('%s', (_name, header, claims, is) => {
  expect(accessTokenFault(header, claims) === null ? 'access token' : 'none').toBe(is);
});
