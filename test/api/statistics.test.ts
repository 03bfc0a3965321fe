import { afterAll, beforeAll, expect, test } from 'vitest';
import { statisticsSchema } from '../../api/answer-schemas.ts';
import type { StatisticsAnswer } from '../../api/answer-schemas.ts';
import type { Change, Decision } from '../../domain/change.ts';
import { isoTime } from '../../domain/time.ts';
import { startApiStack } from './api-stack.ts';
import type { ApiStack } from './api-stack.ts';

const start = Date.parse('2026-11-10T00:00:00.000Z');
const minute = 60_000;
let stack: ApiStack;

function approval(at: number, more: Partial<Decision> = {}): Decision {
  return {
    decision: 'approve',
    comment: '',
    person: stack.person('bob', 'approver'),
    digest: 'd',
    round: 1,
    stage: 'one',
    at: isoTime(at),
    counts: true,
    ...more,
  };
}

/** A change that was submitted so many minutes after the start, and what was tried of it. */
async function changed(
  minutes: number,
  more: Partial<Change>,
  attempts: readonly (readonly [outcome: string, faultClass: string | null, code: string])[] = [],
): Promise<Change> {
  const change = await stack.stored({ submittedAt: isoTime(start + minutes * minute), ...more });
  for (const [n, [outcome, faultClass, code]] of attempts.entries()) {
    await stack.worker.query(
      `insert into countersign.attempt
         (change_id, ordinal, target, activity_id, activity_attempt, started_at, ended_at, outcome, class, code)
       values ($1, $2, 't', $3, 1, now(), now(), $4, $5, $6)`,
      [change.id, n + 1, `r/${n}`, outcome, faultClass, code],
    );
  }
  return change;
}

/** Approved so many minutes after its submission. */
function approvedAfter(submitted: number, minutes: number): Partial<Change> {
  return {
    decisionStatus: 'approved',
    decisions: [
      approval(start + submitted * minute, { person: stack.person('carol', 'approver'), counts: false }),
      approval(start + (submitted + minutes) * minute),
    ],
  };
}

const succeeded = {
  executionStatus: 'succeeded',
  outcome: { code: 'succeeded', message: '', requestId: null, reconciled: false, at: isoTime(start) },
} as const;

beforeAll(async () => {
  stack = await startApiStack();
  const failed = ['failed', 'transient', 'InternalError'] as const;
  const ok = ['succeeded', null, 'OK'] as const;
  await changed(-1, { ...approvedAfter(-1, 1), ...succeeded }, [ok]);
  for (let n = 0; n < 10; n += 1) {
    await changed(n, { ...approvedAfter(n, n + 1), ...succeeded }, n === 0 ? [failed, failed, ok] : [ok]);
  }
  await changed(20, {});
  await changed(21, {
    decisionStatus: 'refused',
    outcome: { ...succeeded.outcome, code: 'already_active' },
  });
  // Nobody was waited for.
  await changed(22, { decisionStatus: 'approved', executionStatus: 'scheduled', operation: 'Other' });
  // Somebody has edited its row: it has no wait that could be told.
  await changed(23, {
    decisionStatus: 'approved',
    executionStatus: 'scheduled',
    decisions: [approval(0, { at: '2026-13-45T00:00:00.000Z' })],
  });
  await changed(24 * 60, {});
});
afterAll(() => stack.stop());

async function statistics(query: string, as = 'dave'): Promise<StatisticsAnswer> {
  const { status, body } = await stack.api.call(`/v1/statistics?${query}`, { as });
  expect(status).toBe(200);
  return statisticsSchema.strict().parse(body);
}
const oneDay = `from=${isoTime(start)}&to=${isoTime(start + 24 * 60 * minute)}`;

test('the changes that were submitted in a time are counted, with how long their approval took and what became of them', async () => {
  const found = await statistics(oneDay);
  expect(found).toMatchObject({
    from: isoTime(start),
    operation: null,
    changes: 14,
    byDecision: { pending: 1, approved: 12, rejected: 0, expired: 0, withdrawn: 0, refused: 1 },
    byExecution: { not_started: 2, scheduled: 2, succeeded: 10, running: 0 },
    byReview: { none: 14, owed: 0, signed: 0 },
    outcomes: [
      { code: 'succeeded', count: 10 },
      { code: 'already_active', count: 1 },
    ],
    // 1 to 10 minutes.
    approval: { count: 10, p50Ms: 5 * minute, p90Ms: 9 * minute },
    attempts: [
      { outcome: 'succeeded', class: null, code: 'OK', count: 10 },
      { outcome: 'failed', class: 'transient', code: 'InternalError', count: 2 },
    ],
  });
});

test('of one operation, of an empty time, and of the last 30 days', async () => {
  expect(await statistics(`${oneDay}&operation=Other`)).toMatchObject({
    operation: 'Other',
    changes: 1,
    approval: { count: 0, p50Ms: null, p90Ms: null },
    attempts: [],
  });
  expect(await statistics(`from=2020-01-01T00:00:00%2B08:00&to=2020-02-01T00:00:00Z`)).toMatchObject({
    from: '2019-12-31T16:00:00.000Z',
    changes: 0,
    outcomes: [],
  });
  const { from, to } = await statistics('');
  expect(Date.parse(to) - Date.parse(from)).toBe(30 * 24 * 60 * minute);
  expect(Math.abs(Date.parse(to) - Date.now())).toBeLessThan(minute);
});

test('it names no change, no target and nobody', async () => {
  const text = JSON.stringify(await statistics(oneDay, 'adam'));
  const { rows } = await stack.worker.query<{ id: string; target: string }>(
    'select id, target from countersign.change',
  );
  for (const { id, target } of rows) {
    expect(text).not.toContain(id);
    expect(text).not.toContain(target);
  }
  expect(text).not.toMatch(/alice|bob|justification/);
});

test.each([
  ['from=x', 'from', 'format'],
  [`from=${isoTime(start)}&to=${isoTime(start)}`, 'from', 'before'],
  ['from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'to', 'maximum'],
  ['by=day', 'by', 'unknown_field'],
])('GET /v1/statistics?%s is refused', async (query, field, rule) => {
  const { status, body } = await stack.api.call(`/v1/statistics?${query}`, { as: 'dave' });
  expect(status).toBe(400);
  expect(body.errors).toMatchObject([{ field, rule }]);
});

test('who may not is refused, and recorded', async () => {
  for (const as of ['alice', 'bob']) {
    expect(await stack.api.call('/v1/statistics', { as })).toMatchObject({
      status: 403,
      body: { code: 'missing_role' },
    });
  }
  const refused = (await stack.entries()).filter(({ type }) => type === 'request.refused');
  expect(refused).toMatchObject([
    { actor: { subject: 'alice' }, wanted: { call: 'read statistics' } },
    { actor: { subject: 'bob' }, wanted: { call: 'read statistics' } },
  ]);
});
