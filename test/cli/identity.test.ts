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
  ['a value twice', '{ "operations": [], "operat\\u0069ons": ["approver"] }'],
])('%s in COUNTERSIGN_ROLE_MAP ends the start, naming it', async (_name, COUNTERSIGN_ROLE_MAP) => {
  await expect(verifier({ COUNTERSIGN_ROLE_MAP })).rejects.toMatchObject({
    code: 'invalid_configuration',
    errors: [{ field: 'COUNTERSIGN_ROLE_MAP' }],
  });
});

test('a map gives groups by what the provider calls them, and nothing else gives any', async () => {
  const by = await verifier({ COUNTERSIGN_GROUP_MAP: '{ "operations": ["ops", "CN=ops,OU=Groups"] }' });
  const groups = async (user: string) => (await by.verify(await provider.tokenFor(user))).person.groups;
  expect([await groups('bob'), await groups('frank')]).toEqual([['ops', 'CN=ops,OU=Groups'], []]);
});

test.each([
  ['no JSON', '{ operations: ops }'],
  ['a group that is no list', '{ "operations": "ops" }'],
  ['a group without a name', '{ "operations": [""] }'],
  ['a group with a blank before its name', '{ "operations": [" ops"] }'],
  ['a group with what cannot be seen in its name', '{ "operations": ["ops\\u200b"] }'],
  ['a value twice', '{ "operations": [], "operations": ["ops"] }'],
])('%s in COUNTERSIGN_GROUP_MAP ends the start, naming it', async (_name, COUNTERSIGN_GROUP_MAP) => {
  await expect(verifier({ COUNTERSIGN_GROUP_MAP })).rejects.toMatchObject({
    code: 'invalid_configuration',
    errors: [{ field: 'COUNTERSIGN_GROUP_MAP' }],
  });
});
