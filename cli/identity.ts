import { z } from 'zod';
import { CountersignError } from '../domain/error.ts';
import { roles } from '../domain/person.ts';
import type { Role } from '../domain/person.ts';
import { createTokenVerifier } from '../identity/token-verifier.ts';
import type { TokenVerifier } from '../identity/token-verifier.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';
import { readTextFile } from './text-file.ts';

const roleMapSchema = z.record(z.string().min(1), z.array(z.enum(roles)));

/** Who verifies people's tokens, as the environment says. @throws CountersignError `invalid_configuration` */
export async function peopleVerifier(env: Environment): Promise<TokenVerifier> {
  const roleMap = await readRoleMap(env.COUNTERSIGN_ROLE_MAP);
  return createTokenVerifier({
    issuer: required(env, 'OIDC_ISSUER'),
    audience: env.OIDC_AUDIENCE,
    clockToleranceSeconds: env.OIDC_CLOCK_SKEW_SECONDS,
    claims: {
      rolesClaim: env.OIDC_ROLES_CLAIM,
      groupsClaim: env.OIDC_GROUPS_CLAIM,
      ...(roleMap && { roleMap }),
    },
  });
}

/**
 * What a value of the roles' claim gives: `{"<value>": ["approver", …], …}` itself, or the name of a file with it.
 *
 * @throws CountersignError `invalid_configuration`
 */
async function readRoleMap(setting: string | undefined): Promise<Map<string, Role[]> | null> {
  if (setting === undefined) return null;
  const isFile = !setting.trimStart().startsWith('{');
  try {
    const text = isFile ? await readTextFile(setting, 'the file') : setting;
    return new Map(Object.entries(roleMapSchema.parse(JSON.parse(text))));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    const expected = `expected {"<claim value>": [${roles.map((role) => `"${role}"`).join(' | ')}], …}`;
    throw new CountersignError('invalid_configuration', `COUNTERSIGN_ROLE_MAP: ${expected}: ${why}`, {
      errors: [{ field: 'COUNTERSIGN_ROLE_MAP', rule: 'role_map', message: expected }],
      cause,
    });
  }
}
