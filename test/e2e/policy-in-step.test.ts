import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fourEyes } from '../../domain/four-eyes.ts';
import { policyChoice } from '../../policies/choose.ts';
import { directoryFrom } from '../../policies/directory.ts';
import type { PolicySet } from '../../policies/load.ts';
import { makePool } from '../../store/pool.ts';
import { codeOf, post } from '../support/steps.ts';
import { policyWith } from '../support/policy.ts';
import { startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* The worker's own policies decide, too: an API with others, captured or only older, opens nothing. */

const strict = policyWith({
  name: 'strict',
  stages: [{ name: 'both', groups: [{ group: null, threshold: 2 }] }],
});
const setOf = (...rules: PolicySet['rules']): PolicySet => ({ rules, directory: directoryFrom({}) });
const strictForAll = setOf({ policy: strict, match: {} });

let testbed: Testbed;
let workers: Awaited<ReturnType<typeof startWorkers>>;
/** What the worker's file says. */
let held = strictForAll;
const alarms: string[] = [];
const apis: Awaited<ReturnType<typeof startApi>>[] = [];

beforeAll(async () => {
  testbed = await startTestbed();
  workers = await startWorkers(testbed, {
    policies: policyChoice({ current: () => held }),
    alarm: (code) => alarms.push(code),
  });
});
afterAll(async () => {
  await workers.stop();
  await Promise.all(apis.map((api) => api.stop()));
  await testbed.stop();
});

async function apiWith(set: PolicySet, now?: () => number) {
  const api = await startApi(testbed, { policies: { current: () => set }, ...(now ? { now } : {}) });
  apis.push(api);
  return api;
}

async function rowsOf(table: string): Promise<number> {
  const pool = makePool({ connectionString: testbed.database.url('worker'), applicationName: 'test' });
  try {
    const { rows } = await pool.query<{ count: number }>(`select count(*)::int as count from ${table}`);
    return rows[0]?.count ?? -1;
  } finally {
    await pool.end();
  }
}

test('a policy that is not the worker’s is refused with nothing written, and the key is safe afterwards', async () => {
  const { users } = await apiWith(setOf({ policy: fourEyes, match: {} }));
  const [sn, key] = [await testbed.certificate(), randomUUID()];
  const tables = ['countersign.change', 'countersign.idempotency_key', 'countersign.open_target'];
  const before = await Promise.all(tables.map(rowsOf));
  expect(await codeOf(post(users.alice, sn, key))).toBe('policy_out_of_step');
  expect(await Promise.all(tables.map(rowsOf))).toEqual(before);
  expect(alarms).toContain('policy_out_of_step');
  // A name and a version are not what is compared.
  held = setOf({ policy: policyWith({ ...strict, name: 'four-eyes', version: '1' }), match: {} });
  expect(await codeOf(post(users.alice, sn, key))).toBe('policy_out_of_step');
  held = setOf({ policy: fourEyes, match: {} });
  const change = await post(users.alice, sn, key);
  expect(change.policy).toMatchObject({ name: 'four-eyes' });
  // What was opened stays, whatever the file says then.
  held = strictForAll;
  expect(await post(users.alice, sn, key)).toMatchObject({ id: change.id });
});

test('where the worker has no policy for it, nothing is opened', async () => {
  const { users } = await apiWith(strictForAll);
  held = setOf({ policy: strict, match: { operation: ['Another'] } });
  expect(await codeOf(post(users.alice, await testbed.certificate()))).toBe('policy_out_of_step');
});

test('a moment that is long past chooses no policy that was for its hours', async () => {
  const hour = 3_600_000;
  const [opened, minute] = [new Date(Date.now() - 2 * hour), 'getUTCMinutes'] as const;
  const cron = `${opened[minute]()} ${opened.getUTCHours()} * * *`;
  const time = [{ cron, durationMinutes: 90, timeZone: 'UTC', holidays: [] }];
  held = setOf({ policy: fourEyes, match: { time } }, { policy: strict, match: {} });
  const [past, present] = await Promise.all([apiWith(held, () => Date.now() - hour), apiWith(held)]);
  expect(await codeOf(post(past.users.alice, await testbed.certificate()))).toBe('policy_out_of_step');
  const change = await post(present.users.alice, await testbed.certificate());
  expect(change.policy).toMatchObject({ name: 'strict' });
});
