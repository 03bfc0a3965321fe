import { z } from 'zod';
import { CountersignError } from '../domain/error.ts';
import { roles } from '../domain/person.ts';
import { repeatedMember } from '../domain/repeated-member.ts';
import type { ClaimMapping } from '../identity/claims.ts';
import { createTokenVerifier } from '../identity/token-verifier.ts';
import type { TokenVerifier } from '../identity/token-verifier.ts';
import { groupName } from '../policies/document.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';
import { readTextFile } from './text-file.ts';
import { wayOut } from './way-out.ts';

const roleMapSchema = z.record(z.string().min(1), z.array(z.enum(roles)));
// As policies name groups: under another name nobody would ever be in one.
const groupMapSchema = z.record(z.string().min(1), z.array(groupName('A group.')));

/** Who verifies people's tokens, as the environment says. @throws CountersignError `invalid_configuration` */
export async function peopleVerifier(env: Environment): Promise<TokenVerifier> {
  const claims = await claimMapping(env);
  return createTokenVerifier({
    issuer: required(env, 'OIDC_ISSUER'),
    audience: env.OIDC_AUDIENCE,
    clockToleranceSeconds: env.OIDC_CLOCK_SKEW_SECONDS,
    claims,
    fetch: wayOut(env).fetch,
  });
}

/** Which claims make a person, as the environment says. @throws CountersignError `invalid_configuration` */
export async function claimMapping(env: Environment): Promise<ClaimMapping> {
  const oneOf = roles.map((role) => `"${role}"`).join(' | ');
  const roleMap = await readMap(env, 'COUNTERSIGN_ROLE_MAP', roleMapSchema, `[${oneOf}]`);
  const groupMap = await readMap(env, 'COUNTERSIGN_GROUP_MAP', groupMapSchema, '["<group>"]');
  return {
    rolesClaim: env.OIDC_ROLES_CLAIM,
    groupsClaim: env.OIDC_GROUPS_CLAIM,
    ...(roleMap && { roleMap }),
    ...(groupMap && { groupMap }),
  };
}

/**
 * What a value of a claim gives: `{"<value>": […], …}` itself, or the name of a file with it.
 *
 * @throws CountersignError `invalid_configuration`
 */
async function readMap<T>(
  env: Environment,
  variable: 'COUNTERSIGN_ROLE_MAP' | 'COUNTERSIGN_GROUP_MAP',
  schema: z.ZodType<Record<string, T[]>>,
  values: string,
): Promise<Map<string, T[]> | null> {
  const setting = env[variable];
  if (setting === undefined) return null;
  const isFile = !setting.trimStart().startsWith('{');
  try {
    const text = isFile ? await readTextFile(setting, 'the file') : setting;
    const twice = repeatedMember(text);
    if (twice !== null) throw new Error(`${twice} is there twice`);
    return new Map(Object.entries(schema.parse(JSON.parse(text))));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    const expected = `expected {"<claim value>": ${values}, …}`;
    const rule = variable === 'COUNTERSIGN_ROLE_MAP' ? 'role_map' : 'group_map';
    throw new CountersignError('invalid_configuration', `${variable}: ${expected}: ${why}`, {
      errors: [{ field: variable, rule, message: expected }],
      cause,
    });
  }
}
