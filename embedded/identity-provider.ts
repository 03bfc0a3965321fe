import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { decodeJwt, importJWK, SignJWT } from 'jose';
import { DEMO_CLIENT_ID, DEMO_USER_GRANT, demoProvider } from './demo-provider.ts';
import type { ConsoleClient } from './demo-provider.ts';
import { freePort } from './free-port.ts';
import { renewSigningKey, signingKey } from './signing-key.ts';

/** Options of {@link startIdentityProvider}. */
export interface IdentityProviderOptions {
  /** Folder that keeps the signing key (`identity-provider-key.json`, 0600), so that tokens survive a restart. */
  home: string;
  /** Claim `aud` of access tokens. */
  audience: string;
  /** Preferred port; a free one is taken when it is in use. The issuer contains it: another port, other tokens. */
  port?: number;
  /** Life of a token in seconds; default 3600. */
  tokenTtlSeconds?: number;
  /** How long a code for another device can be used, in seconds; default 600. */
  deviceCodeTtlSeconds?: number;
  /** Paths that the log-in page may return to, on any loopback port; default `/callback` and Swagger UI's. */
  redirectPaths?: readonly string[];
  /** The console, where there is one. */
  console?: ConsoleClient;
}

/** A running demo identity provider on 127.0.0.1. */
export interface IdentityProvider {
  /** URL of the issuer; `<issuer>/.well-known/openid-configuration` is its discovery document. */
  issuer: string;
  port: number;
  /**
   * An access token (RFC 9068) of a demo user, from the token endpoint. With `overrides` it is signed again with
   * those claims changed (undefined removes one), for tests: an expired one, another audience, other roles.
   */
  tokenFor(user: string, overrides?: Record<string, unknown>): Promise<string>;
  /** Replaces the signing key: tokens issued before are no longer valid. */
  rotateKey(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * An access token of a demo user, from the provider at `issuer`: what `countersign token <demo user>` prints.
 *
 * @param options.mfa - as if they had just logged in with a second factor
 * @throws Error when the provider is not reachable or does not know the user.
 */
export async function fetchDemoToken(
  issuer: string,
  user: string,
  options: { mfa?: boolean } = {},
): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: DEMO_USER_GRANT,
      client_id: DEMO_CLIENT_ID,
      user,
      ...(options.mfa === true ? { mfa: 'true' } : {}),
    }),
  }).catch((cause: unknown) => {
    throw new Error(`No identity provider answers at ${issuer}. Remedy: start it with "npm start".`, {
      cause,
    });
  });
  const body = (await response.json()) as { access_token?: string; error_description?: string };
  if (body.access_token === undefined) {
    throw new Error(`${issuer} gave no token for ${user}: ${body.error_description ?? response.statusText}`);
  }
  return body.access_token;
}

/**
 * Starts an OpenID provider on 127.0.0.1 that knows the demo users and asks for no passwords.
 *
 * @throws Error when the key file is damaged or no port is free.
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const keyFile = join(resolve(options.home), 'identity-provider-key.json');
  let key = await signingKey(keyFile);
  let handler: (request: IncomingMessage, response: ServerResponse) => unknown = (_request, response) =>
    response.writeHead(503).end();
  const server = createServer((request, response) => {
    // A web page of elsewhere could reach loopback under a name of its own (DNS rebinding) and read a token.
    if (!allowedHosts.has(request.headers.host ?? '')) response.writeHead(421).end();
    else void handler(request, response);
  });
  const port = await listen(server, options.port);
  const issuer = `http://127.0.0.1:${port}`;
  const allowedHosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
  const build = (): void => {
    // The provider fixes its keys when it is made: another key, another provider behind the same listener.
    handler = demoProvider({
      issuer,
      audience: options.audience,
      key,
      tokenTtlSeconds: options.tokenTtlSeconds ?? 3_600,
      deviceCodeTtlSeconds: options.deviceCodeTtlSeconds ?? 600,
      redirectPaths: options.redirectPaths ?? ['/callback', '/docs/oauth2-redirect.html'],
      console: options.console ?? null,
    }).callback();
  };
  build();
  return {
    issuer,
    port,
    async tokenFor(user, overrides) {
      const token = await fetchDemoToken(issuer, user);
      if (!overrides) return token;
      return new SignJWT({ ...decodeJwt(token), ...overrides })
        .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt' })
        .sign(await importJWK(key));
    },
    async rotateKey() {
      key = await renewSigningKey(keyFile);
      build();
    },
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

async function listen(server: Server, preferred?: number): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(preferred);
    try {
      await new Promise<void>((done, fail) => {
        server.once('error', fail);
        server.listen(port, '127.0.0.1', () => {
          server.off('error', fail);
          done();
        });
      });
      return port;
    } catch (error) {
      // Somebody took it since: look for another.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt === 5) throw error;
    }
  }
}
