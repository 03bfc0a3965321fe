import { afterAll, beforeAll, expect, test } from 'vitest';
import { meSchema } from '../../api/answer-schemas.ts';
import type { MeAnswer } from '../../api/answer-schemas.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { GroupSource } from '../../domain/policy.ts';
import { directoryFrom } from '../../policies/directory.ts';
import { honest } from '../support/honest.ts';
import { replicaOfTest, startApiStack } from './api-stack.ts';
import type { ApiStack, Replica, Sent } from './api-stack.ts';

let stack: ApiStack;
beforeAll(async () => {
  stack = await startApiStack();
});
afterAll(() => stack.stop());

async function me(api: Replica, sent: Sent): Promise<MeAnswer> {
  const { status, body } = await api.call('/v1/me', sent);
  expect(status).toBe(200);
  return meSchema.parse(body);
}

test('it says whom the token names, how they were authenticated, and until when it is good', async () => {
  const at = Math.floor(Date.now() / 1000);
  const token = await stack.testbed.identity.tokenFor('bob', {
    amr: ['pwd', 'otp'],
    acr: 'silver',
    auth_time: at - 60,
    exp: at + 600,
    _claim_names: { roles: 'src1' },
    roles: undefined,
  });
  expect(await me(stack.api, { token })).toMatchObject({
    issuer: stack.testbed.identity.issuer,
    subject: 'bob',
    name: 'Bob Baker',
    roles: [],
    groups: ['operations'],
    authentication: {
      methods: ['pwd', 'otp', 'acr:silver'],
      at: new Date((at - 60) * 1000).toISOString(),
    },
    expiresAt: new Date((at + 600) * 1000).toISOString(),
    leftOut: ['roles'],
  });
});

test('it says in which groups the policies see the caller, and from where', async () => {
  const { issuer } = stack.testbed.identity;
  const bob = { issuer, subject: 'bob' };
  const groups: Record<string, GroupSource> = {
    operations: { source: 'token' },
    security: { source: 'token' },
    board: { source: 'directory' },
    founders: { source: 'members', members: [bob] },
    others: { source: 'members', members: [{ issuer, subject: 'carol' }] },
  };
  const policy = honest({ ...fourEyes, groups });
  const directory = directoryFrom({ board: [bob], operations: [bob] });
  const api = await replicaOfTest(stack, {
    policies: { current: () => ({ rules: [{ policy, match: {} }], directory }) },
  });
  expect((await me(api, { as: 'bob' })).policyGroups).toEqual([
    { name: 'board', source: 'directory' },
    { name: 'founders', source: 'members' },
    { name: 'operations', source: 'token' },
  ]);
  expect((await me(api, { as: 'alice' })).policyGroups).toEqual([]);
});

test('it says which values of the token give which role', async () => {
  const api = await replicaOfTest(stack, {
    claims: {
      rolesClaim: 'realm_access.roles',
      roleMap: new Map([
        ['CS-Ops', ['operator', 'approver']],
        ['CS-Approver', ['approver']],
      ]),
    },
  });
  expect((await me(api, { as: 'alice' })).roleValues).toEqual({
    claim: 'realm_access.roles',
    values: {
      requester: [],
      approver: ['CS-Ops', 'CS-Approver'],
      auditor: [],
      operator: ['CS-Ops'],
      admin: [],
    },
  });
  expect((await me(stack.api, { as: 'alice' })).roleValues).toMatchObject({
    claim: 'roles',
    values: { admin: ['admin'] },
  });
});

test('what it says that the caller may call, they may, and nothing else', async () => {
  const named = async (sent: Sent) =>
    (await me(stack.api, sent)).may.map(
      ({ method, path, ownOnly }) => `${method} ${path}${ownOnly ? ' own' : ''}`,
    );
  const alice = await named({ as: 'alice' });
  expect(alice).toEqual(
    expect.arrayContaining([
      'post /v1/changes',
      'get /v1/changes/{id} own',
      'post /v1/changes/{id}/withdrawal own',
    ]),
  );
  expect(alice).not.toContain('post /v1/changes/{id}/decisions');
  expect(await named({ as: 'olga' })).toEqual(
    expect.arrayContaining(['post /v1/changes/{id}/withdrawal', 'post /v1/changes/{id}/review']),
  );
  // A machine with an auditor's role signs no review.
  const body = { name: 'm', scopes: ['audit:read'], expiresAt: new Date(Date.now() + 1e6).toISOString() };
  const issued = await stack.api.call('/v1/tokens', { as: 'adam', body });
  const machine = await me(stack.api, { token: issued.body['secret'] as string });
  expect(machine).toMatchObject({ issuer: 'countersign', name: 'm', issuedBy: { subject: 'adam' } });
  const calls = machine.may.map(({ method, path }) => `${method} ${path}`);
  expect(calls).toContain('get /v1/audit/export');
  expect(calls).not.toContain('post /v1/changes/{id}/review');
  expect((await stack.api.call('/v1/me', { as: null })).status).toBe(401);
});
