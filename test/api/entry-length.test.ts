import { afterAll, beforeAll, expect, test } from 'vitest';
import { fourEyes } from '../../domain/four-eyes.ts';
import { startApiStack } from './api-stack.ts';
import type { ApiStack } from './api-stack.ts';

let stack: ApiStack;

beforeAll(async () => {
  stack = await startApiStack();
});

afterAll(() => stack.stop());

test.each([
  ['decisions', 'bob', 'decision.approved'],
  ['withdrawal', 'alice', 'stop.requested'],
])('what no entry could hold is refused before it is accepted: %s', async (path, as, type) => {
  // Longer than any that is read or taken today: what matters is that the answer comes before anything is written.
  const change = await stack.stored({ policy: fourEyes, snapshot: { caName: 'n'.repeat(28_000) } });
  const long = path === 'withdrawal' ? { system: 't'.repeat(28_000), id: '1', url: null } : null;
  const held = long ? await stack.stored({ ticket: long, justification: 'outage' }) : change;
  const body = { ...(path === 'decisions' ? { decision: 'approve', digest: held.digest } : {}) };
  const answer = await stack.api.call(`/v1/changes/${held.id}/${path}`, {
    as,
    body: { ...body, comment: '字'.repeat(2000) },
  });
  expect(answer.body).toMatchObject({
    status: 400,
    code: 'invalid_request',
    detail: expect.stringContaining(`the entry of ${type} takes `) as unknown,
    errors: [{ field: 'entry', rule: 'max_bytes' }],
  });
  expect((await stack.entries()).filter(({ changeId }) => changeId === held.id)).toEqual([]);
});
