import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { errors, interactionPolicy, Provider } from 'oidc-provider';
import type {
  ClientMetadata,
  KoaContextWithOIDC,
  ResourceServer,
  TokenEndpointGrantContext,
} from 'oidc-provider';
import { demoUser } from './demo-users.ts';
import { deviceCodePage, deviceConfirmPage, deviceDonePage } from './device-pages.ts';
import { loggedOutPage, loginPage, logoutPage } from './login-page.ts';
import { memoryAdapter } from './memory-adapter.ts';
import type { SigningKey } from './signing-key.ts';

/**
 * Grant type (RFC 6749, section 4.5) that gives a demo user's access token to whoever reaches the provider, which
 * listens on loopback only: `grant_type=urn:countersign:demo-user&client_id=countersign-demo&user=alice`; with `mfa=true`
 * as if a second factor had been asked for.
 */
export const DEMO_USER_GRANT = 'urn:countersign:demo-user';

/**
 * The client of whoever asks for tokens by hand: public, native (RFC 8252), any loopback port; also for the code flow with PKCE. Not the API's audience:
 * an ID token is for the client, an access token for the API.
 */
export const DEMO_CLIENT_ID = 'countersign-demo';

/** The command line's client: public, native, logs in by a loopback port or by a code on another device, and renews. */
export const DEMO_CLI_CLIENT_ID = 'countersign-cli';

/** Resource indicator (RFC 8707) that access tokens are for; it is also the default. */
export const DEMO_RESOURCE = 'urn:countersign';

/** The console, which is a confidential client: it proves by a key that it is the one that asks (`private_key_jwt`). */
export interface ConsoleClient {
  readonly clientId: string;
  /** The one address that a login leads back to. */
  readonly redirectUri: string;
  /** The one that a person is led to who has logged out. */
  readonly loggedOutUri: string;
  /** Its public key, as a JSON Web Key Set. */
  readonly jwks: { readonly keys: readonly object[] };
}

/** Options of {@link demoProvider}. */
export interface DemoProviderOptions {
  issuer: string;
  /** Claim `aud` of access tokens. */
  audience: string;
  key: SigningKey;
  /** Life of an access token, in seconds. */
  tokenTtlSeconds: number;
  /** How long a code for another device can be used, in seconds. */
  deviceCodeTtlSeconds: number;
  /** Paths that the code flow may return to, on any loopback port. */
  redirectPaths: readonly string[];
  /** The console, where there is one. */
  console: ConsoleClient | null;
}

const LOOPBACK = ['127.0.0.1', 'localhost'];
const SCOPE = 'openid profile';

/** The OpenID provider as a Koa application: discovery, JWKS, token endpoint, log-in page. */
export function demoProvider(options: DemoProviderOptions): Provider {
  const resourceServer: ResourceServer = {
    scope: '',
    audience: options.audience,
    accessTokenTTL: options.tokenTtlSeconds,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } },
  };
  const provider: Provider = new Provider(options.issuer, {
    adapter: memoryAdapter(),
    jwks: { keys: [options.key] },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clients: [
      {
        client_id: DEMO_CLIENT_ID,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', DEMO_USER_GRANT],
        response_types: ['code'],
        redirect_uris: LOOPBACK.flatMap((host) =>
          options.redirectPaths.map((path) => `http://${host}${path}`),
        ),
      },
      {
        client_id: DEMO_CLI_CLIENT_ID,
        client_name: 'the command line of Countersign',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        response_types: ['code'],
        redirect_uris: ['http://127.0.0.1/callback'],
      },
      ...(options.console === null ? [] : [consoleMetadata(options.console)]),
    ],
    responseTypes: ['code'],
    scopes: SCOPE.split(' '),
    claims: { openid: ['sub'], profile: ['name', 'roles', 'groups'] },
    // The ID token says the person's name, as with most providers.
    conformIdTokenClaims: false,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    // One that is used twice was stolen, or two asked at once: then none of them is good any more.
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: (ctx, form, _out, error) => {
          ctx.body = deviceCodePage(form, error !== undefined);
        },
        userCodeConfirmSource: (ctx, form, client, _info, userCode) => {
          ctx.body = deviceConfirmPage(form, client.clientName ?? client.clientId, userCode);
        },
        successSource: (ctx) => {
          ctx.body = deviceDonePage();
        },
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => showPage(ctx, logoutPage(form)),
        postLogoutSuccessSource: (ctx) => showPage(ctx, loggedOutPage()),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => DEMO_RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo(_ctx, resource) {
          if (resource !== DEMO_RESOURCE)
            throw new errors.InvalidTarget(`the only resource is ${DEMO_RESOURCE}`);
          return resourceServer;
        },
      },
    },
    ttl: {
      AccessToken: options.tokenTtlSeconds,
      IdToken: options.tokenTtlSeconds,
      RefreshToken: 86_400,
      AuthorizationCode: 60,
      DeviceCode: options.deviceCodeTtlSeconds,
      Interaction: 600,
      Grant: 86_400,
      Session: 86_400,
    },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    clientBasedCORS: (_ctx, origin) => LOOPBACK.includes(URL.parse(origin)?.hostname ?? ''),
    findAccount: (_ctx, id) => {
      const found = demoUser(id);
      return found && { accountId: id, claims: () => ({ sub: id, ...personClaims(id) }) };
    },
    extraTokenClaims: (ctx, token) =>
      'accountId' in token ? accessTokenClaims(ctx, token.accountId) : undefined,
    loadExistingGrant: (ctx) => {
      // Nobody is asked for consent: the client is ours.
      const { session, client } = ctx.oidc;
      return session?.accountId === undefined || client === undefined
        ? Promise.resolve(undefined)
        : makeGrant(provider, session.accountId, client.clientId);
    },
    interactions: { policy: loginOnly(), url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  });
  provider.registerGrantType<{ user?: string; mfa?: string }>(
    DEMO_USER_GRANT,
    (ctx) => giveToken(provider, ctx, resourceServer),
    ['user', 'mfa', 'resource'],
  );
  addLogin(provider);
  return provider;
}

/** Without the question that native clients always ask: the log-in page is answer enough in a demo. */
function loginOnly(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  policy.get('consent')?.checks.remove('native_client_prompt');
  return policy;
}

function personClaims(id: string): { name: string; roles: readonly string[]; groups: readonly string[] } {
  const user = demoUser(id);
  if (!user) throw new errors.InvalidGrant(`there is no demo user ${id}`);
  return { name: user.name, roles: user.roles, groups: user.groups };
}

function accessTokenClaims(ctx: KoaContextWithOIDC, id: string): Record<string, unknown> {
  const { AuthorizationCode: code, DeviceCode: deviceCode, RefreshToken: renewed } = ctx.oidc.entities;
  // Of the login, also when its token is renewed much later.
  const login = code ?? deviceCode ?? renewed;
  const authTime = login?.authTime ?? Math.floor(Date.now() / 1000);
  const amr = login?.amr ?? methodsOf(ctx.oidc.params?.['mfa']);
  return { ...personClaims(id), auth_time: authTime, amr };
}

/** RFC 8176 has no value for "nobody was asked": `demo` says so, also where the demo plays a second factor. */
function methodsOf(mfa: unknown): string[] {
  return mfa === 'true' ? ['demo', 'mfa'] : ['demo'];
}

function consoleMetadata({ clientId, redirectUri, loggedOutUri, jwks }: ConsoleClient): ClientMetadata {
  return {
    client_id: clientId,
    // Of a native one, since it is on loopback without TLS.
    application_type: 'native',
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: { keys: [...jwks.keys] },
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [loggedOutUri],
  };
}

function showPage(ctx: KoaContextWithOIDC, html: string): void {
  ctx.type = 'html';
  ctx.body = html;
}

async function makeGrant(
  provider: Provider,
  accountId: string,
  clientId: string,
): Promise<InstanceType<Provider['Grant']>> {
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope(SCOPE);
  grant.addResourceScope(DEMO_RESOURCE, '');
  await grant.save();
  return grant;
}

async function giveToken(
  provider: Provider,
  ctx: TokenEndpointGrantContext<{ user?: string }>,
  resourceServer: ResourceServer,
): Promise<void> {
  const user = demoUser(ctx.oidc.params.user);
  if (!user) throw new errors.InvalidRequest(`there is no demo user ${String(ctx.oidc.params.user)}`);
  const token = new provider.AccessToken({
    client: ctx.oidc.client,
    accountId: user.user,
    // No grant is kept: the token is a JWT, which the provider never looks up again.
    grantId: randomUUID(),
    gty: DEMO_USER_GRANT,
    resourceServer: new provider.ResourceServer(DEMO_RESOURCE, resourceServer),
  });
  ctx.oidc.entity('AccessToken', token);
  const value = await token.save();
  ctx.body = { access_token: value, expires_in: token.expiration, token_type: token.tokenType };
}

function addLogin(provider: Provider): void {
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) {
      await next();
      return;
    }
    if (ctx.method === 'POST') {
      const form = new URLSearchParams(await readBody(ctx.req));
      if (form.has('cancel')) {
        ctx.respond = false;
        const result = { error: 'access_denied', error_description: 'the person has cancelled the login' };
        await provider.interactionFinished(ctx.req, ctx.res, result);
        return;
      }
      const user = demoUser(form.get('user'));
      if (!user) {
        ctx.status = 400;
        return;
      }
      const result = { login: { accountId: user.user, amr: methodsOf(form.get('mfa')) } };
      ctx.respond = false;
      await provider.interactionFinished(ctx.req, ctx.res, result);
      return;
    }
    await provider.interactionDetails(ctx.req, ctx.res);
    ctx.type = 'html';
    ctx.body = loginPage();
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += String(chunk);
    if (body.length > 1_000) throw new Error('The body is too long.');
  }
  return body;
}
