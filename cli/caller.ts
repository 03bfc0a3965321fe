import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { CountersignError } from '../domain/error.ts';
import { apiClient, apiUrl, runningStack } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import type { Environment } from './environment.ts';
import { wayOut } from './way-out.ts';

/** Who uses a command that asks the API: what {@link asCaller} reads. */
export interface Caller {
  /** A demo user of the embedded stack; otherwise the bearer of COUNTERSIGN_TOKEN. */
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
    .option('--as <user>', `log in as a demo user of the embedded stack; otherwise COUNTERSIGN_TOKEN${last}`)
    .option('--mfa', 'with --as: as if with a second factor');
}

/**
 * The API for whoever uses the command line: a demo user that is named, the bearer of COUNTERSIGN_TOKEN, or `otherwise`.
 * @throws CountersignError `unauthenticated` when it is nobody, `invalid_configuration`
 */
export async function clientOf(
  env: Environment,
  { as, mfa = false }: Caller,
  otherwise?: string,
): Promise<ApiClient> {
  if (mfa && as === undefined) throw new InvalidArgumentError('--mfa is for a demo user: give --as, too');
  const url = await apiUrl(env);
  const { COUNTERSIGN_TOKEN: token } = env;
  const { fetch } = wayOut(env);
  const user = as ?? (token === undefined ? otherwise : undefined);
  if (user !== undefined) return apiClient(url, await demoToken(env, user, mfa), fetch);
  if (token === undefined) {
    throw new CountersignError(
      'unauthenticated',
      'set COUNTERSIGN_TOKEN, or give --as <demo user> on the embedded stack',
    );
  }
  return apiClient(url, token, fetch);
}

/** A token of a demo user, from the running stack's own identity provider. @throws CountersignError `invalid_configuration` */
export async function demoToken(env: Environment, user: string, mfa: boolean): Promise<string> {
  const issuer = env.OIDC_ISSUER ?? (await runningStack(env))?.issuer;
  if (issuer === undefined) {
    throw new CountersignError(
      'invalid_configuration',
      'no demo identity provider runs here; start one with npm start',
    );
  }
  const { fetchDemoToken } = await import('../embedded/identity-provider.ts');
  return fetchDemoToken(issuer, user, { mfa });
}
