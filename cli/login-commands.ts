import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { JWTPayload } from 'jose';
import { CountersignError } from '../domain/error.ts';
import type { Person } from '../domain/person.ts';
import { isoTime } from '../domain/time.ts';
import { readClaims } from '../identity/claims.ts';
import { isLoopback, isSafeAddress } from '../domain/loopback.ts';
import { apiClient } from '../client/api-client.ts';
import { apiUrl, runningStack } from './running-stack.ts';
import { asCaller, bearerOf } from './caller.ts';
import type { Caller } from './caller.ts';
import type { Environment } from './environment.ts';
import { loginPatienceMs, openBrowser } from './login/browser.ts';
import { keepTokens } from './login/kept-login.ts';
import type { LoginOf } from './login/log-in.ts';
import { deleteProfile, profileAddress, profileFolder, readProfile } from './login/profile-file.ts';
import { unverifiedClaims } from './login/unverified-claims.ts';
import { namedValue } from './named-value.ts';
import { complain } from './print.ts';
import type { Output } from './print.ts';
import { wayOut } from './way-out.ts';

interface LoginOptions {
  readonly device?: true;
  readonly port?: number;
  readonly browser: boolean;
  readonly scope?: string;
  readonly parameter?: Readonly<Record<string, string>>;
  readonly maxAge?: number;
  readonly acrValues?: string;
}

const defaultScope = 'openid profile';

/** `countersign login`, `logout` and `whoami`: who a person is to the API, without a token in the environment. */
export function loginCommands(program: Command, env: () => Environment, output: () => Output): void {
  program
    .command('login')
    .description('log in at the API’s identity provider, for the commands that ask this API')
    .option('--device', 'by a browser on another device')
    .option('--port <port>', 'where the browser comes back to; otherwise any free one', numberUpTo(65_535))
    .option('--no-browser', 'only print the address')
    .option(
      '--scope <scopes>',
      `what to ask the provider for; otherwise as before, otherwise ${defaultScope}`,
    )
    .option(
      '--parameter <name=value>',
      'what the provider wants to know beside that, such as audience=…; otherwise as before',
      namedValue,
    )
    .option('--max-age <seconds>', 'log in anew unless that was so recently', numberUpTo(31_536_000, 0))
    .option('--acr-values <values>', 'how strong the login has to be, in the provider’s own words')
    .action(async (o: LoginOptions) => {
      const e = env();
      const api = await safeApi(e);
      const login = await loginTo(e, api, o);
      const { logIn } = await import('./login/log-in.ts');
      const strength = { maxAgeSeconds: o.maxAge, acrValues: o.acrValues };
      const tokens = await logIn(login, strength, {
        fetch: wayOut(e).fetch,
        tell: complain,
        open: o.browser ? openBrowser : () => undefined,
        patienceMs: loginPatienceMs,
      });
      await keepTokens({ folder: profileFolder(e), api }, login, tokens);
      const { COUNTERSIGN_TOKEN: _other, ...withoutToken } = e;
      const who = await whoIs(withoutToken, {}).catch((error: unknown) => {
        if (!(error instanceof CountersignError) || error.code !== 'unauthenticated') throw error;
        const hint = 'see whether the provider gives this client tokens for the API’s audience';
        throw new CountersignError(error.code, `logged in, but ${api} refuses the token: ${hint}`, {
          cause: error,
        });
      });
      output().result(who.value, who.lines);
      if (e.COUNTERSIGN_TOKEN !== undefined) complain('COUNTERSIGN_TOKEN is set and comes first');
    });

  program
    .command('logout')
    .description('forget the tokens of this API’s login, and have the provider revoke them')
    .option('--forget', 'forget the provider and the client, too')
    .action(async ({ forget }: { forget?: true }) => {
      const e = env();
      const api = profileAddress(await apiUrl(e));
      const folder = profileFolder(e);
      const profile = await readProfile(folder, api);
      const tokens = profile?.tokens ?? null;
      if (profile !== null) await keepTokens({ folder, api }, profile, null);
      if (forget === true) await deleteProfile(folder, api);
      if (profile === null || tokens === null) {
        output().result({ api, wasLoggedIn: false }, [`nobody was logged in at ${api}`]);
        return;
      }
      const { revokeTokens } = await import('./login/provider.ts');
      const revoked = await revokeTokens(profile, tokens, wayOut(e).fetch).catch((cause: unknown) => {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new CountersignError('identity_unavailable', `logged out here; nothing is revoked: ${why}`, {
          cause,
        });
      });
      output().result({ api, wasLoggedIn: true, revoked }, [
        `logged out at ${api}`,
        revoked
          ? 'the provider has revoked the login; a token that somebody has copied holds until it ends'
          : 'the provider revokes nothing: the token holds until it ends',
      ]);
    });

  asCaller(program.command('whoami'))
    .description('who you are to the API: roles, groups, until when')
    .action(async (o: Caller) => {
      const { value, lines } = await whoIs(env(), o);
      output().result(value, lines);
    });
}

/** The API's address, to which a token may be sent. @throws CountersignError `invalid_configuration` */
async function safeApi(env: Environment): Promise<string> {
  const api = profileAddress(await apiUrl(env));
  if (isSafeAddress(new URL(api))) return api;
  throw new CountersignError('invalid_configuration', `${api}: a login is sent by https, or on loopback`);
}

/** Where and as which client to log in: as the settings and options say, otherwise as the last time. */
async function loginTo(env: Environment, api: string, o: LoginOptions): Promise<LoginOf> {
  const last = await readProfile(profileFolder(env), api);
  const { issuerOf } = await import('./login/provider.ts');
  const issuer = env.OIDC_ISSUER ?? (await issuerOf(api, wayOut(env).fetch));
  const before = last?.issuer === issuer ? last : null;
  // Whoever answers at the API's address could otherwise lead people to a provider of their own.
  if (last !== null && before === null && !isLoopback(new URL(api).hostname)) {
    throw new CountersignError(
      'invalid_configuration',
      `${api} now names ${issuer}, and at the last login ${last.issuer}. Remedy: if that is right, countersign logout --forget`,
    );
  }
  const clientId = env.COUNTERSIGN_CLIENT_ID ?? before?.clientId ?? (await demoClientOf(env, issuer));
  if (clientId === null) {
    throw new CountersignError(
      'invalid_configuration',
      `COUNTERSIGN_CLIENT_ID is not set: a public client of ${issuer} for the command line; see docs/identity.md`,
      { errors: [{ field: 'COUNTERSIGN_CLIENT_ID', rule: 'required', message: 'must be set' }] },
    );
  }
  return {
    issuer,
    clientId,
    scope: o.scope ?? before?.scope ?? defaultScope,
    parameters: o.parameter ?? before?.parameters ?? {},
    device: o.device === true,
    port: o.port ?? before?.port ?? null,
  };
}

/** The client that the demo identity provider of a running `start` has for the command line. */
async function demoClientOf(env: Environment, issuer: string): Promise<string | null> {
  const running = await runningStack(env);
  return running?.issuer === issuer ? running.demoClient : null;
}

/** What the API says of whoever asks (`GET /v1/me`). */
type Me = Pick<Person, 'issuer' | 'subject' | 'name' | 'roles' | 'groups'> &
  Partial<Pick<Person, 'authentication'>> & { readonly expiresAt?: string };

async function whoIs(env: Environment, caller: Caller): Promise<{ value: object; lines: string[] }> {
  const url = await apiUrl(env);
  const bearer = await bearerOf(env, url, caller);
  const told = await apiClient(url, bearer, wayOut(env).fetch)
    .get<Me>('/v1/me')
    .catch((error: unknown) => {
      if (error instanceof CountersignError && error.code === 'not_found') return null;
      throw error;
    });
  const token = typeof bearer === 'string' ? bearer : await bearer.token();
  const claims = unverifiedClaims(token);
  const me = told ?? (claims === null ? null : asClaimed(claims, env));
  if (me === null) throw new CountersignError('not_found', `${url} does not say who shows this token`);
  const kept = typeof bearer === 'string' ? null : await readProfile(profileFolder(env), profileAddress(url));
  const expiresAt =
    me.expiresAt ??
    kept?.tokens?.expiresAt ??
    (claims?.exp === undefined ? null : isoTime(claims.exp * 1000));
  const isRenewed = kept?.tokens?.refreshToken != null;
  const isVerified = told !== null;
  return {
    value: { api: url, ...me, expiresAt, isRenewed, isVerified },
    lines: whoLines(url, me, expiresAt, { isRenewed, isVerified }),
  };
}

function whoLines(
  api: string,
  { issuer, subject, name, roles, groups, authentication }: Me,
  expiresAt: string | null,
  { isRenewed, isVerified }: { readonly isRenewed: boolean; readonly isVerified: boolean },
): string[] {
  const list = (values: readonly string[]) => (values.length === 0 ? 'none' : values.join(', '));
  const methods = authentication?.methods ?? [];
  return [
    `person      ${subject} (${name}) of ${issuer}`,
    `at          ${api}`,
    `roles       ${list(roles)}`,
    `groups      ${list(groups)}`,
    ...(authentication === undefined
      ? []
      : [`login       by ${list(methods)}${authentication.at === null ? '' : `, at ${authentication.at}`}`]),
    `until       ${expiresAt ?? 'no time'}${isRenewed ? ', then renewed by itself' : ''}`,
    ...(isVerified
      ? []
      : ['not verified: this API does not say who you are, so this is what the token says']),
  ];
}

function asClaimed(claims: JWTPayload, env: Environment): Me {
  const { roles, groups, authentication } = readClaims(claims, {
    rolesClaim: env.OIDC_ROLES_CLAIM,
    groupsClaim: env.OIDC_GROUPS_CLAIM,
  });
  const { iss = '', sub = '', name } = claims;
  return {
    issuer: iss,
    subject: sub,
    name: typeof name === 'string' ? name : sub,
    roles: roles.gives,
    groups: groups.gives,
    authentication,
  };
}

function numberUpTo(most: number, least = 1): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`expected ${least} to ${most}.`);
  };
}
