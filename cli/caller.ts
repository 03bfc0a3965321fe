import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { CountersignError } from '../domain/error.ts';
import { apiClient } from '../client/api-client.ts';
import { apiUrl, runningStack } from './running-stack.ts';
import type { ApiClient, Bearer } from '../client/api-client.ts';
import type { Environment } from './environment.ts';
import { loginPatienceMs, openBrowser } from './login/browser.ts';
import { keptLogin } from './login/kept-login.ts';
import { profileAddress, profileFolder, readProfile } from './login/profile-file.ts';
import { complain } from './print.ts';
import { wayOut } from './way-out.ts';

/** Who uses a command that asks the API: what {@link asCaller} reads. */
export interface Caller {
  /** A demo user of the embedded stack; otherwise the bearer of COUNTERSIGN_TOKEN, otherwise who has logged in. */
  readonly as?: string | undefined;
  /** As if the demo user had logged in with a second factor. */
  readonly mfa?: boolean | undefined;
}

/** Options of a command that are all texts. */
export type Texts = Readonly<Record<string, string | undefined>>;

/** Adds the options of a {@link Caller} to a command; `otherwise`: the demo user who is taken in the end. */
export function asCaller(command: Command, otherwise?: string): Command {
  const last = otherwise === undefined ? '' : `, otherwise ${otherwise}`;
  return command
    .option(
      '--as <user>',
      `as a demo user of the embedded stack; otherwise COUNTERSIGN_TOKEN, otherwise who has logged in${last}`,
    )
    .option('--mfa', 'with --as: as if with a second factor');
}

/**
 * The API for whoever uses the command line: a demo user that is named, the bearer of COUNTERSIGN_TOKEN, who has logged in, or
 * `otherwise`.
 * @throws CountersignError `unauthenticated` when it is nobody, `invalid_configuration`
 */
export async function clientOf(env: Environment, caller: Caller, otherwise?: string): Promise<ApiClient> {
  const url = await apiUrl(env);
  return apiClient(url, await bearerOf(env, url, caller, otherwise), wayOut(env).fetch);
}

/** What that person shows the API at an address. @throws as {@link clientOf} */
export async function bearerOf(
  env: Environment,
  url: string,
  { as, mfa = false }: Caller,
  otherwise?: string,
): Promise<string | Bearer> {
  if (mfa && as === undefined) throw new InvalidArgumentError('--mfa is for a demo user: give --as, too');
  if (as !== undefined) return demoToken(env, as, mfa);
  if (env.COUNTERSIGN_TOKEN !== undefined) return env.COUNTERSIGN_TOKEN;
  const folder = profileFolder(env);
  const api = profileAddress(url);
  const profile = await readProfile(folder, api);
  // Who has logged out is nobody's stand-in.
  if (profile?.tokens != null) return loginOf(env, folder, api);
  if (otherwise !== undefined) return demoToken(env, otherwise, mfa);
  throw new CountersignError(
    'unauthenticated',
    `nobody is logged in at ${api}: countersign login; or set COUNTERSIGN_TOKEN, or give --as <demo user> on the embedded stack`,
  );
}

/** The login that is kept for an API. Somebody at a terminal can be asked for a stronger one. */
function loginOf(env: Environment, folder: string, api: string): Bearer {
  const { fetch } = wayOut(env);
  const isAtTerminal = process.stdin.isTTY && process.stderr.isTTY;
  return keptLogin({
    folder,
    api,
    fetch,
    tell: complain,
    logIn: isAtTerminal
      ? async (login, strength) => {
          const { logIn } = await import('./login/log-in.ts');
          return logIn(login, strength, {
            fetch,
            tell: complain,
            open: openBrowser,
            patienceMs: loginPatienceMs,
          });
        }
      : null,
  });
}

/** A token of a demo user, from the running stack's own identity provider. @throws CountersignError `invalid_configuration` */
export async function demoToken(env: Environment, user: string, mfa: boolean): Promise<string> {
  const running = env.OIDC_ISSUER === undefined ? await runningStack(env) : null;
  if (running?.demoClient === null) {
    throw new CountersignError(
      'invalid_configuration',
      `${running.issuer} does not know the demo users: countersign login, or set COUNTERSIGN_TOKEN`,
    );
  }
  const issuer = env.OIDC_ISSUER ?? running?.issuer;
  if (issuer === undefined) {
    throw new CountersignError(
      'invalid_configuration',
      'no demo identity provider runs here; start one with npm start',
    );
  }
  const { fetchDemoToken } = await import('../embedded/identity-provider.ts');
  return fetchDemoToken(issuer, user, { mfa });
}
