/** Where the identity provider leads back to after a login. */
export const callbackPath = '/session/callback';
