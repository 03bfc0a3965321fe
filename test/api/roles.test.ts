import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openApiDocument } from '../../api/openapi.ts';
import type { Change } from '../../domain/change.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { roles } from '../../domain/person.ts';
import type { Role } from '../../domain/person.ts';
import { roleOfScope, scopes } from '../../domain/scope.ts';
import { submission } from '../support/service.ts';
import { startApiStack } from './api-stack.ts';
import type { Answer, ApiStack, Sent } from './api-stack.ts';
import { operations } from '../support/operations.ts';

/*
 * Every documented call with every role, so that a new one cannot be forgotten: openapi.test.ts holds that each route is
 * documented, the compiler that each document says who may, and here a call without a sample fails.
 */

interface Operation {
  readonly 'x-roles'?: readonly Role[] | 'any';
  readonly 'x-own'?: boolean;
  readonly 'x-people-only'?: boolean;
  readonly requestBody?: object;
}
const calls = Object.entries(
  (openApiDocument(operations) as { paths: Record<string, Record<string, Operation>> }).paths,
).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    roles: operation['x-roles'] ?? null,
    own: operation['x-own'] === true,
    peopleOnly: operation['x-people-only'] === true,
    takes: operation.requestBody !== undefined,
  })),
);
const closed = calls.filter((call) => call.roles !== null);

const hour = new Date(Date.now() + 3_600_000).toISOString();
const ofPolicy = 'a'.repeat(64);

/** A well-formed body for each call that takes one. */
const bodies: Record<string, (change: Change) => unknown> = {
  'post /v1/changes': () => submission(randomUUID()),
  'post /v1/changes/{id}/decisions': ({ digest }) => ({ decision: 'approve', digest }),
  'post /v1/changes/{id}/withdrawal': () => ({}),
  'post /v1/changes/{id}/execution': () => ({ action: 'pause', comment: 'x' }),
  'post /v1/changes/{id}/review': () => ({ comment: 'x' }),
  'post /v1/freezes': () => ({ reason: 'x', mqttInstanceId: 'none' }),
  'post /v1/freezes/{id}/overrides': ({ id, digest }) => ({ changeId: id, digest, comment: 'x' }),
  'post /v1/policy-revocations': () => ({ digest: ofPolicy, comment: 'x' }),
  'post /v1/tokens': () => ({ name: 'x', scopes, expiresAt: hour }),
  'post /v1/policy-explanations': () => {
    const { operation, input } = submission(randomUUID());
    return { operation, input };
  },
  'post /v1/payloads/decode': () => ({ payloads: [] }),
  'post /v1/subscriptions': () => ({ name: `s-${randomUUID().slice(0, 8)}`, url: 'https://hooks.example/x' }),
  'post /v1/subscriptions/{name}/replays': () => ({ from: 0, to: 9 }),
};

let stack: ApiStack;
const tokens = new Map<string, string>();

beforeAll(async () => {
  stack = await startApiStack();
  for (const role of [...roles, 'nobody']) {
    tokens.set(
      role,
      await stack.testbed.identity.tokenFor('erin', { sub: role, roles: role === 'nobody' ? [] : [role] }),
    );
  }
  for (const scope of scopes) {
    const body = { name: scope, scopes: [scope], expiresAt: hour };
    const issued = await stack.api.call('/v1/tokens', { as: 'adam', body });
    tokens.set(scope, issued.body['secret'] as string);
  }
});

afterAll(() => stack.stop());

/** What somebody calls, on a change, a token or whatever else of this path there is. */
async function call({ name, method, path }: (typeof calls)[number], sent: Sent): Promise<Answer> {
  const change = await stack.stored();
  let id: string = change.id;
  if (path.startsWith('/v1/tokens/')) {
    const body = { name: 'target', scopes, expiresAt: hour };
    id = (await stack.api.call('/v1/tokens', { as: 'adam', body })).body['id'] as string;
  }
  if (path.startsWith('/v1/freezes/')) {
    const body = { reason: 'x', mqttInstanceId: 'none' };
    id = (await stack.api.call('/v1/freezes', { as: 'adam', body })).body['id'] as string;
  }
  if (path.startsWith('/v1/subscriptions/')) {
    id = `s-${randomUUID().slice(0, 8)}`;
    await stack.api.call('/v1/subscriptions', {
      as: 'adam',
      body: { name: id, url: 'https://hooks.example/x' },
    });
  }
  const body = bodies[name];
  return stack.api.call(path.replace(/\{(?:id|name)\}/, id).replace('{index}', '0'), {
    method,
    ...(body && { body: body(change) }),
    ...sent,
  });
}

test('every call that takes a body has a sample, and every sample a call', () => {
  const taking = closed.filter(({ takes }) => takes).map(({ name }) => name);
  expect(Object.keys(bodies).sort()).toEqual(taking.sort());
});

describe.each(closed)('$name', (documented) => {
  const { roles: may, peopleOnly } = documented;

  test('without a token: 401', async () => {
    const { status, body } = await call(documented, { as: null });
    expect([status, body.code]).toEqual([401, 'unauthenticated']);
  });

  test.each([...roles, 'nobody', ...scopes])('as %s', async (who) => {
    const token = tokens.get(who) ?? '';
    const isScope = Object.hasOwn(roleOfScope, who);
    const role = isScope ? roleOfScope[who as keyof typeof roleOfScope] : who;
    const allowed = (may === 'any' || may?.includes(role as Role) === true) && !(isScope && peopleOnly);
    const { status, body } = await call(documented, { token });
    if (allowed && documented.name === 'post /v1/freezes/{id}/overrides') {
      // Past the role; the policy of this change names nobody.
      expect(body.code).toBe('forbidden');
    } else if (allowed) {
      expect(status, body.code).not.toBe(401);
      expect(status, body.code).not.toBe(403);
      // There is no policy of this digest to revoke; anything else is there.
      if (documented.name !== 'post /v1/policy-revocations') expect(status).not.toBe(404);
      expect(status).not.toBe(405);
      expect(body.code).not.toBe('invalid_request');
    } else {
      const hidden = documented.path.startsWith('/v1/changes/{id}') && status === 404;
      expect(hidden ? 'missing_role' : body.code).toBe(
        peopleOnly && isScope && !hidden ? 'forbidden' : 'missing_role',
      );
      expect(status).toBe(hidden ? 404 : 403);
    }
  });
});

test.each(closed.filter(({ own }) => own))(
  '$name as the requester of the change',
  async ({ name, method, path }) => {
    const change = await stack.stored({ requester: stack.person('requester', 'requester') });
    const answer = await stack.api.call(path.replace('{id}', change.id), {
      method,
      token: tokens.get('requester') ?? '',
      ...(bodies[name] && { body: bodies[name](change) }),
    });
    expect([401, 403, 404, 405], answer.body.code).not.toContain(answer.status);
  },
);

test('what a person may list is what they may read', async () => {
  const change = await stack.stored();
  const { sn } = change.input as { sn: string };
  for (const who of [...roles, 'nobody', ...scopes]) {
    const token = tokens.get(who) ?? '';
    const list = (await stack.api.call(`/v1/changes?sn=${sn}`, { token })).body as unknown as {
      items: Change[];
    };
    const { status } = await stack.api.call(`/v1/changes/${change.id}`, { token });
    expect([who, list.items.some(({ id }) => id === change.id)]).toEqual([who, status === 200]);
  }
});

test('whoever may sign the review of a break-glass change may read the change, and who may not read it may not sign', async () => {
  const broken = {
    breakGlass: true,
    reviewStatus: 'owed',
    decisionStatus: 'approved',
    executionStatus: 'succeeded',
    closedAt: '2026-11-24T10:00:00.000Z',
  } as const;
  const anybodys = await stack.stored(broken);
  // Asks for members of a group in which none of these are.
  const ofGroup = await stack.stored({
    ...broken,
    policy: {
      ...fourEyes,
      stages: [{ name: 'one', groups: [{ group: 'operations', threshold: 1 }] }],
      groups: { operations: { source: 'token' } },
    },
  });
  const readers: Record<string, string[]> = {
    [anybodys.id]: ['approver', 'auditor', 'operator'],
    [ofGroup.id]: ['auditor', 'operator'],
  };
  for (const { id } of [anybodys, ofGroup]) {
    for (const who of [...roles, 'nobody']) {
      const token = tokens.get(who) ?? '';
      const { status } = await stack.api.call(`/v1/changes/${id}`, { token });
      expect([who, status]).toEqual([who, readers[id]?.includes(who) ? 200 : 404]);
      const review = await stack.api.call(`/v1/changes/${id}/review`, { token, body: { comment: 'x' } });
      // No workflow is behind this change: a review that is allowed comes to nothing.
      const refused = [403, 404].includes(review.status);
      expect([who, refused, review.body.code]).toEqual([who, status !== 200, review.body.code]);
    }
  }
});
