import { roles } from '../domain/person.ts';
import { roleOfScope } from '../domain/scope.ts';
import { apiTokenPrefix, hashOfApiToken } from '../identity/api-token.ts';
import { explainToken } from '../identity/explain-token.ts';
import type { ExplainedToken } from '../identity/explain-token.ts';
import { checkPolicies } from '../policies/load.ts';
import type { ApiToken } from '../store/api-token-columns.ts';
import { apiTokenStore } from '../store/api-token-store.ts';
import { makePool } from '../store/pool.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';
import { claimMapping, peopleVerifier } from './identity.ts';

/** What `countersign doctor --token -` tells. */
export interface TokenReport {
  /** Whether the API would take it. */
  readonly accepted: boolean;
  readonly value: object;
  readonly lines: readonly string[];
}

/**
 * Whose token it is, what comes out of which claim, and why it would be refused; the token itself is never told.
 * @throws CountersignError `invalid_configuration` where nothing says whose tokens are taken
 */
export async function reportToken(env: Environment, token: string): Promise<TokenReport> {
  return token.startsWith(apiTokenPrefix) ? reportApiToken(env, token) : reportPersonsToken(env, token);
}

async function reportPersonsToken(env: Environment, token: string): Promise<TokenReport> {
  const expected = {
    issuer: required(env, 'OIDC_ISSUER'),
    audience: env.OIDC_AUDIENCE,
    clockToleranceSeconds: env.OIDC_CLOCK_SKEW_SECONDS,
    claims: await claimMapping(env),
  };
  const explained = await explainToken(token, expected, await peopleVerifier(env), Date.now());
  const named = await groupsOfPolicies(env);
  const notInPolicies = named === null ? null : explained.groups.gives.filter((group) => !named.has(group));
  return {
    accepted: explained.accepted,
    value: { kind: 'person', ...explained, groupsNotInPolicies: notInPolicies },
    lines: linesOf(explained, notInPolicies),
  };
}

function linesOf(explained: ExplainedToken, notInPolicies: readonly string[] | null): string[] {
  const { accepted, code, faults, issuer, subject, name, expiresAt, authentication, leftOut } = explained;
  const { roles: byRoles, groups: byGroups } = explained;
  const list = (values: readonly string[]) => (values.length === 0 ? 'none' : values.join(', '));
  const methods = authentication?.methods ?? [];
  const lines = [
    accepted ? 'accepted    the API takes this token' : `refused     ${code ?? ''}`,
    ...faults.map((fault) => `because     ${fault}`),
    `person      ${subject ?? 'nobody'}${name === null ? '' : ` (${name})`} of ${issuer ?? 'no issuer'}`,
    `until       ${expiresAt ?? 'no time'}`,
    `login       by ${list(methods)}${authentication?.at == null ? '' : `, at ${authentication.at}`}`,
    `roles       ${list(byRoles.gives)}; claim ${byRoles.claim} has ${list(byRoles.values)}`,
    ...byRoles.unknown.map(
      (value) =>
        `            ${value} gives no role (${roles.join(', ')}, or what COUNTERSIGN_ROLE_MAP maps)`,
    ),
    `groups      ${list(byGroups.gives)}; claim ${byGroups.claim} has ${list(byGroups.values)}`,
    ...byGroups.unknown.map((value) => `            ${value} is not in COUNTERSIGN_GROUP_MAP`),
  ];
  if (notInPolicies === null) lines.push('policies    none is named: the built-in one asks for no group');
  for (const group of notInPolicies ?? [])
    lines.push(`            no policy takes group ${group} from tokens`);
  for (const claim of leftOut) {
    lines.push(
      `left out    ${claim}: too long for a token, says the provider; have it send only the groups that matter here`,
    );
  }
  return lines;
}

/** The groups that some policy takes from tokens; null where no policy file is named. */
async function groupsOfPolicies(env: Environment): Promise<Set<string> | null> {
  const { COUNTERSIGN_POLICY: policyFile, COUNTERSIGN_DIRECTORY: directoryFile = null } = env;
  if (policyFile === undefined) return null;
  const { set } = await checkPolicies({ policyFile, directoryFile });
  const sources = (set?.rules ?? []).flatMap(({ policy }) => Object.entries(policy.groups));
  return new Set(sources.flatMap(([group, { source }]) => (source === 'token' ? [group] : [])));
}

async function reportApiToken(env: Environment, secret: string): Promise<TokenReport> {
  const pool = makePool({
    connectionString: required(env, 'DATABASE_URL'),
    applicationName: 'countersign doctor',
    max: 1,
  });
  let token: ApiToken | null;
  try {
    token = await apiTokenStore(pool).find(hashOfApiToken(secret));
  } catch (error) {
    // The table is the API's alone.
    return refused([
      `API tokens cannot be looked up with this DATABASE_URL, only with the API's: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  } finally {
    await pool.end();
  }
  if (token === null) return refused(['there is no such API token']);
  const { id, name, scopes, issuedBy, expiresAt, revokedAt } = token;
  const isOver = Date.parse(expiresAt) <= Date.now();
  const faults = [
    ...(revokedAt === null ? [] : [`it was revoked at ${revokedAt}`]),
    ...(isOver ? [`it has expired at ${expiresAt}`] : []),
  ];
  const given = scopes.map((scope) => roleOfScope[scope]);
  const accepted = faults.length === 0;
  return {
    accepted,
    value: {
      kind: 'machine',
      accepted,
      code: accepted ? null : 'unauthenticated',
      faults,
      ...token,
      roles: given,
    },
    lines: [
      accepted ? 'accepted    the API takes this token' : 'refused     unauthenticated',
      ...faults.map((fault) => `because     ${fault}`),
      `machine     ${name}, API token ${id}, issued by ${issuedBy.name} (${issuedBy.subject} of ${issuedBy.issuer})`,
      `until       ${expiresAt}`,
      `roles       ${given.join(', ')}; scopes ${scopes.join(', ')}`,
    ],
  };
}

function refused(faults: readonly string[]): TokenReport {
  return {
    accepted: false,
    value: { kind: 'machine', accepted: false, code: 'unauthenticated', faults },
    lines: ['refused     unauthenticated', ...faults.map((fault) => `because     ${fault}`)],
  };
}
