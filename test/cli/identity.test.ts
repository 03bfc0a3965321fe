import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readEnvironment } from '../../cli/environment.ts';
import { peopleVerifier } from '../../cli/identity.ts';
import { startIdentityProvider } from '../../embedded/identity-provider.ts';
import type { IdentityProvider } from '../../embedded/identity-provider.ts';
import { temporaryHome } from '../support/stack.ts';

let home: string;
let provider: IdentityProvider;

beforeAll(async () => {
  home = await temporaryHome();
  provider = await startIdentityProvider({ home, audience: 'countersign' });
});

afterAll(async () => {
  await provider.stop();
  await rm(home, { recursive: true, force: true });
});

const verifier = (more: NodeJS.ProcessEnv) =>
  peopleVerifier(readEnvironment({ OIDC_ISSUER: provider.issuer, ...more }));

test('without settings the roles are our own, by the claims roles and groups', async () => {
  const { person } = await (await verifier({})).verify(await provider.tokenFor('bob'));
  expect(person).toMatchObject({ roles: ['approver'], groups: ['operations'] });
});

test('a map gives roles by groups, from a variable or from a file, and nothing else gives any', async () => {
  const map = '{ "operations": ["approver", "operator"], "auditors": [] }';
  const file = join(home, 'roles.json');
  await writeFile(file, map);
  for (const COUNTERSIGN_ROLE_MAP of [map, ` ${map}`, file]) {
    const by = await verifier({ COUNTERSIGN_ROLE_MAP, OIDC_ROLES_CLAIM: 'groups' });
    const roles = async (user: string) => (await by.verify(await provider.tokenFor(user))).person.roles;
    expect(await roles('bob')).toEqual(['approver', 'operator']);
    // Their token names a role of ours.
    expect([await roles('adam'), await roles('frank')]).toEqual([[], []]);
  }
});

test.each([
  ['no JSON', '{ operations: approver }'],
  ['no such role', '{ "operations": ["root"] }'],
  ['a role that is no list', '{ "operations": "approver" }'],
  ['no such file', '/nowhere/roles.json'],
  ['a list', '["approver"]'],
])('%s in COUNTERSIGN_ROLE_MAP ends the start, naming it', async (_name, COUNTERSIGN_ROLE_MAP) => {
  await expect(verifier({ COUNTERSIGN_ROLE_MAP })).rejects.toMatchObject({
    code: 'invalid_configuration',
    errors: [{ field: 'COUNTERSIGN_ROLE_MAP' }],
  });
});
