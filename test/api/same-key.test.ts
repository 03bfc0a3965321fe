import { createHash, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changeIdOf } from '../../api/submit-request.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Change } from '../../domain/change.ts';
import { CountersignError } from '../../domain/error.ts';
import type { ErrorCode } from '../../domain/error.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { honest } from '../support/honest.ts';
import { submission } from '../support/service.ts';
import { replicaOfTest, startApiStack } from './api-stack.ts';
import type { ApiStack } from './api-stack.ts';
import { caTarget } from '../support/target.ts';

let stack: ApiStack;
beforeAll(async () => {
  stack = await startApiStack();
});
afterAll(() => stack.stop());

/** The API's pool, in which something happens right before the first statement that has a text in it. */
function interrupted(pool: Pool, text: string, work: () => Promise<unknown>): Pool {
  let done: Promise<unknown> | undefined;
  return new Proxy(pool, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name);
      if (name !== 'query') return typeof value === 'function' ? (value as () => unknown).bind(of) : value;
      return async (statement: string | { text: string }, values?: unknown[]) => {
        const said = typeof statement === 'string' ? statement : statement.text;
        if (said.includes(text)) await (done ??= work());
        return await of.query(statement as string, values as string[]);
      };
    },
  });
}

const policy = { ...fourEyes, breakGlass: { groups: ['on-call'], approvals: 0 } } as const;

/** What another request with the same key and body is just opening. */
function twin(body: ReturnType<typeof submission> & { breakGlass?: boolean }, key: string, by = 'alice') {
  const requester = stack.person(by, 'requester');
  const more: Partial<Change> = {
    id: changeIdOf(requester, key),
    requester,
    input: body.input,
    target: caTarget(body.input),
    breakGlass: body.breakGlass ?? false,
  };
  const bodyDigest = createHash('sha256').update(canonicalJson(body)).digest('hex');
  return { id: more.id, open: () => stack.stored(more, { key, bodyDigest }) };
}

test.each<[string, string, object, 'alice' | 'erin']>([
  ['its target is looked for', 'from countersign.open_target', {}, 'alice'],
  ['its policy is looked for', 'from countersign.policy_revocation', {}, 'alice'],
  [
    'its person’s break-glass change is looked for',
    'from countersign.break_glass',
    { breakGlass: true },
    'alice',
  ],
  [
    'its target is looked for, with a break-glass change',
    'from countersign.open_target',
    { breakGlass: true },
    'erin',
  ],
])(
  'a request whose like is opened right before %s is answered with that change',
  async (_name, text, extra, by) => {
    const body = submission(`SN-${randomUUID()}`, extra);
    const key = randomUUID();
    const other = twin(body, key, by);
    const api = await replicaOfTest(stack, {
      db: interrupted(stack.api.pool, text, other.open),
      policies: {
        current: () => ({
          rules: [
            {
              policy: honest({
                ...policy,
                groups: { 'on-call': { source: 'members', members: [stack.person(by)] } },
              }),
              match: {},
            },
          ],
          directory: { members: () => undefined, groupsIn: () => [] },
        }),
      },
    });
    const answer = await api.call('/v1/changes', { as: by, body, headers: { 'Idempotency-Key': key } });
    expect([answer.status, answer.body.id]).toEqual([200, other.id]);
    const refused = (await stack.entries()).filter(
      (e) => e.type === 'request.refused' && e.changeId === other.id,
    );
    expect(refused).toEqual([]);
    // Another body under the key is another request, and another key meets an open target.
    const otherBody = { ...body, justification: 'something else' };
    expect(
      await api.call('/v1/changes', { as: by, body: otherBody, headers: { 'Idempotency-Key': key } }),
    ).toMatchObject({ status: 422, body: { code: 'key_reused', changeId: other.id } });
    const ordinary = submission(body.input.sn);
    expect(
      await api.call('/v1/changes', {
        as: 'erin',
        body: ordinary,
        headers: { 'Idempotency-Key': randomUUID() },
      }),
    ).toMatchObject({ status: 409, body: { code: 'open_change_exists', changeId: other.id } });
  },
);

test.each<[ErrorCode, boolean, number]>([
  ['engine_unavailable', true, 200],
  ['open_change_exists', true, 200],
  ['change_closed', true, 200],
  ['engine_unavailable', false, 503],
  // The key is free again, so the request is not at fault.
  ['change_closed', false, 503],
])('the engine answers %s, the change was opened: %s: %i', async (code, opened, status) => {
  const body = submission(`SN-${randomUUID()}`);
  const key = randomUUID();
  const other = twin(body, key);
  const api = await replicaOfTest(stack, {
    engine: {
      submit: async () => {
        if (opened) await other.open();
        throw new CountersignError(code, 'as the test wants it');
      },
      send: () => Promise.resolve(),
      reachable: () => Promise.resolve(true),
    },
  });
  const answer = await api.call('/v1/changes', { as: 'alice', body, headers: { 'Idempotency-Key': key } });
  expect(answer.status).toBe(status);
  if (opened) expect(answer.body.id).toBe(other.id);
  else expect(answer.body).toMatchObject({ code: 'engine_unavailable', changeId: other.id });
});
