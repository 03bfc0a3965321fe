import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFailureLimit } from '../../api/failure-limit.ts';
import { replicaOfTest, startApiStack } from './api-stack.ts';
import type { ApiStack } from './api-stack.ts';

let stack: ApiStack;

beforeAll(async () => {
  stack = await startApiStack();
});

afterAll(() => stack.stop());

const admitted = (limit: ReturnType<typeof makeFailureLimit>, address: string, token: string): boolean => {
  try {
    limit.admit(address, token);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'rate_limited' });
    return false;
  }
};

test('each address has its own count, which begins anew each minute', () => {
  let now = 59_000;
  const limit = makeFailureLimit(2, () => now);
  for (let n = 0; n < 2; n++) {
    expect(admitted(limit, '192.0.2.1', `wrong ${n}`)).toBe(true);
    limit.refused('192.0.2.1', `wrong ${n}`);
  }
  expect(admitted(limit, '192.0.2.1', 'another')).toBe(false);
  expect(() => limit.admit('192.0.2.1', 'another')).toThrow(
    expect.objectContaining({ extra: { retryAfter: 1 } }),
  );
  expect(admitted(limit, '192.0.2.2', 'another')).toBe(true);
  now = 60_000;
  expect(admitted(limit, '192.0.2.1', 'another')).toBe(true);
});

test('addresses of one IPv6 network count as one', () => {
  const limit = makeFailureLimit(1, () => 0);
  limit.refused('2001:db8:0:1::1', 'wrong');
  expect(admitted(limit, '2001:db8:0:2::9', 'wrong')).toBe(false);
  expect(admitted(limit, '2001:db9::1', 'wrong')).toBe(true);
});

test('a token that was good goes on beside somebody who floods, until it is refused itself', () => {
  const limit = makeFailureLimit(1, () => 0);
  limit.accepted('good');
  limit.refused('192.0.2.1', 'wrong');
  expect(admitted(limit, '192.0.2.1', 'good')).toBe(true);
  limit.refused('192.0.2.1', 'good');
  expect(admitted(limit, '192.0.2.1', 'good')).toBe(false);
});

test('over HTTP: wrong tokens are answered 401, then 429 with Retry-After; who was known is still served', async () => {
  const api = await replicaOfTest(stack, { refusedTokensPerMinute: 3, now: () => 30_000 });
  const send = (token: string | null) =>
    api.call('/v1/operations', token === null ? { as: null } : { token });
  const known = await stack.testbed.identity.tokenFor('alice');
  expect((await send(known)).status).toBe(200);
  // Nothing was tried, so nothing is counted.
  for (let n = 0; n < 5; n++) expect((await send(null)).status).toBe(401);
  const statuses: number[] = [];
  for (const token of ['x', 'a.b.c', `cst_${'A'.repeat(43)}`, 'x']) statuses.push((await send(token)).status);
  expect(statuses).toEqual([401, 401, 401, 429]);
  const answer = await send(`cst_${'B'.repeat(43)}`);
  expect(answer.body).toMatchObject({ status: 429, code: 'rate_limited' });
  expect(answer.headers.get('retry-after')).toBe('30');
  expect((await send(await stack.testbed.identity.tokenFor('bob'))).status).toBe(429);
  expect((await send(known)).status).toBe(200);
});
