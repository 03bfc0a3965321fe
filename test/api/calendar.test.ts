import { afterAll, beforeAll, expect, test } from 'vitest';
import { calendarSchema } from '../../api/answer-schemas.ts';
import type { CalendarAnswer } from '../../api/answer-schemas.ts';
import type { Freeze } from '../../domain/freeze.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { isoTime } from '../../domain/time.ts';
import type { Window } from '../../domain/window.ts';
import { directoryFrom } from '../../policies/directory.ts';
import { insertFreeze } from '../../store/insert-freeze.ts';
import { liftFreeze } from '../../store/lift-freeze.ts';
import { makePool } from '../../store/pool.ts';
import { honest } from '../support/honest.ts';
import { replicaOfTest, startApiStack } from './api-stack.ts';
import type { ApiStack, Replica } from './api-stack.ts';

const nightly: Window = { cron: '0 22 * * *', durationMinutes: 480, timeZone: 'Asia/Shanghai', holidays: [] };
const policy = (name: string, windows: readonly Window[]) => honest({ ...fourEyes, name, windows });
const day = (n: number, hour = 0) => isoTime(Date.UTC(2026, 10, n, hour));
const adam = { issuer: 'https://id.example', subject: 'adam', name: 'Adam' };
let stack: ApiStack;
let api: Replica;

function freeze(id: string, more: Partial<Freeze>): Freeze {
  return {
    id,
    ...{ operation: null, scope: {}, startsAt: day(1), endsAt: null, reason: id },
    ...{ declaredBy: adam, declaredAt: day(1), liftedBy: null, liftedAt: null },
    ...more,
  };
}
const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

beforeAll(async () => {
  const calendar = [
    freeze('year-end', { startsAt: day(12), endsAt: day(13), declaredBy: null, declaredAt: null }),
    freeze('long-ago', { startsAt: day(1), endsAt: day(2), declaredBy: null, declaredAt: null }),
  ];
  const rules = [
    policy('any-time', []),
    policy('nightly', [nightly]),
    policy('nightly-too', [nightly]),
    policy('broken', [{ ...nightly, timeZone: 'Mars/Olympus' }]),
  ].map((one) => ({ policy: one, match: {} }));
  stack = await startApiStack({
    calendar,
    policies: { current: () => ({ rules, directory: directoryFrom({}) }) },
  });
  ({ api } = stack);
  const declared: Partial<Freeze>[] = [
    { endsAt: day(5) },
    { operation: 'ActiveCaCertificate', scope: { mqttInstanceId: 'post-*' }, endsAt: day(11) },
    { startsAt: day(11), endsAt: day(20) },
    { startsAt: day(14), endsAt: day(20) },
    { startsAt: day(8) },
    { startsAt: day(11) },
    // It was to begin at once, and held from its declaration on.
    { startsAt: day(2), declaredAt: day(12), endsAt: day(20) },
    { startsAt: day(2), declaredAt: day(14), endsAt: day(20) },
  ];
  for (const [n, more] of declared.entries()) await insertFreeze(api.pool, freeze(uuid(n), more));
  await liftFreeze(api.pool, uuid(4), adam, day(10, 12));
  await liftFreeze(api.pool, uuid(5), adam, day(9));
});
afterAll(() => stack.stop());

async function calendarOf(query: string, by: Replica = api, as = 'alice'): Promise<CalendarAnswer> {
  const { status, body } = await by.call(`/v1/calendar?${query}`, { as });
  expect(status).toBe(200);
  return calendarSchema.strict().parse(body);
}

test('freezes are the times in which they hold: of the file, declared, lifted and over', async () => {
  const { freezes, freezesComplete } = await calendarOf(`from=${day(10)}&to=${day(13)}`);
  expect(freezesComplete).toBe(true);
  expect(freezes.map(({ id, startsAt, endsAt }) => [id, startsAt, endsAt])).toEqual([
    ['year-end', day(12), day(13)],
    [uuid(1), day(1), day(11)],
    [uuid(6), day(12), day(20)],
    [uuid(4), day(8), day(10, 12)],
    [uuid(2), day(11), day(20)],
  ]);
  expect(freezes[1]).toMatchObject({
    operation: 'ActiveCaCertificate',
    scope: { mqttInstanceId: 'post-*' },
    reason: uuid(1),
  });
});

test('the windows of each policy that has some are the times in which one is open', async () => {
  const { windows } = await calendarOf(`from=${day(10, 20)}&to=${day(12)}`);
  const times = [
    { from: day(10, 20), until: day(10, 22) },
    { from: day(11, 14), until: day(11, 22) },
  ];
  const upTo = day(12);
  expect(windows).toMatchObject([
    { policy: 'nightly', version: '1', times, upTo, problem: null },
    { policy: 'nightly-too', times, upTo, problem: null },
    { policy: 'broken', times: [], upTo },
  ]);
  expect(windows[2]?.problem).toContain('Mars/Olympus');
});

test('by default it is of the next 31 days, and of 62 at most', async () => {
  const { from, to } = await calendarOf('');
  expect(Date.parse(to) - Date.parse(from)).toBe(31 * 86_400_000);
  expect(Math.abs(Date.parse(from) - Date.now())).toBeLessThan(60_000);
  await calendarOf(`from=${day(1)}&to=2027-01-02T00:00:00Z`);
  const { status, body } = await api.call(`/v1/calendar?from=${day(1)}&to=2027-01-02T00:00:01Z`);
  expect([status, body.errors]).toMatchObject([400, [{ field: 'to', rule: 'maximum' }]]);
});

test('however often windows open, and however many there are, it is answered soon and says how far it goes', async () => {
  const often = Array.from({ length: 60 }, (_, n) =>
    policy(`often-${n}`, [
      { ...nightly, cron: '* * * * *', durationMinutes: 1, holidays: [`2020-01-${10 + (n % 20)}`] },
    ]),
  ).map((one) => ({ policy: one, match: {} }));
  const busy = await replicaOfTest(stack, {
    policies: { current: () => ({ rules: often, directory: directoryFrom({}) }) },
  });
  const { windows } = await calendarOf(`from=${day(1)}&to=${day(30)}`, busy);
  expect(windows).toHaveLength(60);
  for (const { times, upTo } of windows) {
    expect(upTo < day(30)).toBe(true);
    expect(times).toEqual([{ from: day(1), until: upTo }]);
  }
});

test('among 20,000 freezes those of a time are read by an index', async () => {
  const superuser = makePool({
    connectionString: stack.testbed.database.url('superuser'),
    applicationName: 'test superuser',
  });
  await superuser.query(
    `insert into countersign.freeze (id, scope, starts_at, ends_at, reason, declared_by, declared_at)
     select gen_random_uuid(), '{}', '2020-01-01'::timestamptz + n * interval '1 hour',
            '2020-01-01'::timestamptz + (n + 1) * interval '1 hour', 'x', '{}', '2020-01-01'
       from generate_series(1, 20000) n`,
  );
  await superuser.query('analyze countersign.freeze');
  const { rows } = await superuser.query<{ 'QUERY PLAN': string }>(
    `explain select * from countersign.freeze
      where least(coalesce(ends_at, 'infinity'), coalesce(lifted_at, 'infinity')) > $1::timestamptz
        and starts_at < $2::timestamptz order by starts_at, id limit 501`,
    [day(10), day(13)],
  );
  await superuser.end();
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toContain('freeze_until');
  expect(plan).not.toContain('Seq Scan');
  // A time with more of them than one answer has.
  const { freezes, freezesComplete } = await calendarOf('from=2020-02-01T00:00:00Z&to=2020-03-01T00:00:00Z');
  expect(freezesComplete).toBe(false);
  expect(freezes).toHaveLength(500);
});

test('who has no role may not', async () => {
  const token = await stack.testbed.identity.tokenFor('alice', { roles: [] });
  expect(await api.call('/v1/calendar', { token })).toMatchObject({
    status: 403,
    body: { code: 'missing_role' },
  });
});
