import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { WorkflowFailedError } from '@temporalio/client';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeWorkflowType } from '../../domain/change.ts';
import type { ChangeRequest } from '../../domain/change.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { makePool } from '../../store/pool.ts';
import { reviewWorkflowType } from '../../workflows/messages.ts';
import { changeTaskQueue } from '../support/task-queues.ts';
import { honest } from '../support/honest.ts';
import { signedRequest } from '../support/signed-request.ts';
import { eventually, instance, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { pins } from '../support/operations.ts';
import { caTarget } from '../support/target.ts';

/* Whoever may start workflows may send anything, and a captured API may sign it: each malformed request fails at once, with a
   type, and writes nothing. */

let testbed: Testbed;
let pool: Pool;
let workers: Awaited<ReturnType<typeof startWorkers>>;

beforeAll(async () => {
  testbed = await startTestbed();
  pool = makePool({ connectionString: testbed.database.url('worker'), applicationName: 'test' });
  workers = await startWorkers(testbed);
});
afterAll(async () => {
  await workers.stop();
  await pool.end();
  await testbed.stop();
});

const alice = {
  issuer: 'https://idp.example',
  subject: 'alice',
  name: 'Alice',
  roles: ['requester'],
  groups: [],
  authentication: { methods: ['workflow'], at: null },
} as const;

const later = (ms: number) => new Date(Date.now() + ms).toISOString();
const day = 86_400_000;

function request(sn: string = randomUUID()): ChangeRequest {
  const input = { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn };
  return {
    id: randomUUID(),
    operation: 'ActiveCaCertificate',
    ...pins,
    input,
    target: caTarget(input),
    requester: alice,
    justification: 'the line moves',
    ticket: null,
    breakGlass: false,
    policy: fourEyes,
    submittedAt: later(0),
    decideBy: later(60_000),
    executeAfter: null,
    executeBy: null,
    executeWithinMs: 60_000,
    submission: null,
    idempotency: null,
    source: null,
  };
}

/** How a workflow ended that was started with this argument, within seconds. */
async function outcomeOf(type: string, workflowId: string, args: unknown[]): Promise<ApplicationFailure> {
  const handle = await testbed.client.workflow.start(type, { workflowId, taskQueue: changeTaskQueue, args });
  const error: unknown = await Promise.race([
    handle.result().then(
      () => 'it went well',
      (reason: unknown) => reason,
    ),
    new Promise((resolve) => setTimeout(resolve, 20_000, 'it has not ended')),
  ]);
  if (!(error instanceof WorkflowFailedError)) throw new Error(String(error));
  let { cause } = error;
  while (cause instanceof Error && !(cause instanceof ApplicationFailure))
    ({ cause } = cause as { cause: Error });
  return cause as ApplicationFailure;
}

const without = (member: keyof ChangeRequest) => (r: ChangeRequest) =>
  Object.fromEntries(Object.entries(r).filter(([name]) => name !== member));
const withPolicy = (more: object) => (r: ChangeRequest) => ({
  ...r,
  policy: honest({ ...fourEyes, ...more }),
});

describe('a change that did not come by the API', { timeout: 60_000 }, () => {
  test.each<[string, string, (r: ChangeRequest) => unknown]>([
    ...Object.keys(request())
      .filter((member) => member !== 'id')
      .map((member): [string, string, (r: ChangeRequest) => unknown] => [
        `no ${member}`,
        '',
        without(member as keyof ChangeRequest),
      ]),
    ['an empty justification', 'justification', (r) => ({ ...r, justification: '' })],
    ['a blank justification', 'justification', (r) => ({ ...r, justification: ' \n' })],
    [
      'a justification of 2001 characters',
      'justification',
      (r) => ({ ...r, justification: 'x'.repeat(2001) }),
    ],
    ['a control character', 'justification', (r) => ({ ...r, justification: 'a\u0007' })],
    ['a lone surrogate', 'justification', (r) => ({ ...r, justification: 'a\ud800' })],
    ['a number for a justification', 'justification', (r) => ({ ...r, justification: 1 })],
    ['an empty requester', 'requester', (r) => ({ ...r, requester: {} })],
    ['null for a requester', '', (r) => ({ ...r, requester: null })],
    [
      'a requester without subject',
      'requester.subject',
      (r) => ({ ...r, requester: { ...alice, subject: '' } }),
    ],
    [
      'a requester without issuer',
      'requester.issuer',
      (r) => ({ ...r, requester: { ...alice, issuer: '' } }),
    ],
    ['a requester without the role', 'requester', (r) => ({ ...r, requester: { ...alice, roles: [] } })],
    ['an unknown role', 'requester.roles', (r) => ({ ...r, requester: { ...alice, roles: ['king'] } })],
    ['more of a requester', 'requester.admin', (r) => ({ ...r, requester: { ...alice, admin: true } })],
    ['a requester of 9 KB', 'requester', (r) => ({ ...r, requester: { ...alice, name: 'x'.repeat(9000) } })],
    ['a ticket without url', 'ticket.url', (r) => ({ ...r, ticket: { system: 'jira', id: '1' } })],
    ['an empty ticket', 'ticket', (r) => ({ ...r, ticket: {} })],
    [
      'a ticket with a script for a url',
      'ticket.url',
      (r) => ({ ...r, ticket: { system: 'jira', id: '1', url: 'javascript:1' } }),
    ],
    [
      'a ticket whose system is too long',
      'ticket.system',
      (r) => ({ ...r, ticket: { system: 'x'.repeat(101), id: '1', url: null } }),
    ],
    ['a word for break-glass', 'breakGlass', (r) => ({ ...r, breakGlass: 'yes' })],
    ['an input of its own', 'input', (r) => ({ ...r, input: { ...r.input, more: 1 } })],
    ['a list for an input', 'input', (r) => ({ ...r, input: [] })],
    ['a text for a target', 'target', (r) => ({ ...r, target: r.target.id })],
    ['another target', 'input', (r) => ({ ...r, target: { ...r.target, id: 'cn-hangzhou/x/y' } })],
    ['another label', 'input', (r) => ({ ...r, target: { ...r.target, label: 'a harmless one' } })],
    [
      'another scope than its input has',
      'input',
      (r) => ({ ...r, target: { ...r.target, scope: { ...r.target.scope, mqttInstanceId: 'post-cn-x' } } }),
    ],
    [
      'a scope of eleven',
      'target.scope',
      (r) => ({
        ...r,
        target: {
          ...r.target,
          scope: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`m${n}`, 'x'])),
        },
      }),
    ],
    [
      'a name in its scope that is none',
      'target.scope.s n',
      (r) => ({ ...r, target: { ...r.target, scope: { 's n': '1' } } }),
    ],
    ['a member that there is not', 'note', (r) => ({ ...r, note: 1 })],
    ['null for a policy', '', (r) => ({ ...r, policy: null })],
    ['an empty policy', '', (r) => ({ ...r, policy: {} })],
    ['a policy without groups', 'policy.groups', (r) => ({ ...r, policy: { ...fourEyes, groups: null } })],
    ['a policy with more', 'policy.note', withPolicy({ note: 1 })],
    [
      'a threshold of 0',
      'policy.stages',
      withPolicy({ stages: [{ name: 's', groups: [{ group: null, threshold: 0 }] }] }),
    ],
    ['a negative time to execute in its policy', 'executeWithinMs', withPolicy({ executeWithinMs: -1 })],
    [
      'a window that no clock has',
      'policy.windows',
      withPolicy({ windows: [{ cron: '99 * * * *', durationMinutes: 60, timeZone: 'UTC', holidays: [] }] }),
    ],
    ['a date for a moment', 'decideBy', (r) => ({ ...r, decideBy: '2026-12-01' })],
    ['a day that there is not', 'decideBy', (r) => ({ ...r, decideBy: '2026-02-30T00:00:00.000Z' })],
    ['a decide-by that is past', 'decideBy', (r) => ({ ...r, decideBy: later(-1000) })],
    ['a decide-by in 400 days', 'decideBy', (r) => ({ ...r, decideBy: later(400 * day) })],
    ['an execute-by before decide-by', 'decideBy', (r) => ({ ...r, executeBy: later(30_000) })],
    [
      'an execute-after behind execute-by',
      'executeAfter',
      (r) => ({ ...r, executeAfter: later(day + 1000), executeBy: later(day) }),
    ],
    ['a text for a submission time', 'submittedAt', (r) => ({ ...r, submittedAt: 'now' })],
    ['a time to execute that is none', 'executeWithinMs', (r) => ({ ...r, executeWithinMs: -1 })],
    ['a time to execute of years', 'executeWithinMs', (r) => ({ ...r, executeWithinMs: 400 * day })],
    ['a fraction of a millisecond', 'executeWithinMs', (r) => ({ ...r, executeWithinMs: 0.5 })],
    ['an empty submission', 'submission', (r) => ({ ...r, submission: {} })],
    [
      'a submission without statement',
      'submission',
      (r) => ({ ...r, submission: { keyId: 'k', signature: 's' } }),
    ],
    ['half of an idempotency key', 'idempotency', (r) => ({ ...r, idempotency: { key: 'k' } })],
    [
      'an idempotency key of a blank',
      'idempotency.key',
      (r) => ({ ...r, idempotency: { key: ' ', bodyDigest: 'f'.repeat(64) } }),
    ],
    ['a source that is none', 'source', (r) => ({ ...r, source: { ip: 1 } })],
    ['an id in upper case', 'id', (r) => ({ ...r, id: r.id.toUpperCase() })],
    ['an id that is none', 'id', (r) => ({ ...r, id: 'x' })],
    ['null', '', () => null],
    ['a text', '', () => 'please'],
    ['a list', '', () => []],
  ])('fails as invalid_request with %s, and nothing is written', async (_name, field, spoil) => {
    const sent = spoil(await signedRequest(testbed, request()));
    const id = (sent as { id?: string } | null)?.id ?? randomUUID();
    const failure = await outcomeOf(changeWorkflowType, `change-${id}`, [sent]);
    expect(failure).toMatchObject({ type: 'invalid_request', nonRetryable: true });
    expect(failure.message).toContain(field);
    const { rows } = await pool.query('select from countersign.change');
    expect(rows).toEqual([]);
  });

  test('without any argument', async () => {
    expect(await outcomeOf(changeWorkflowType, `change-${randomUUID()}`, [])).toMatchObject({
      type: 'invalid_request',
    });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['no statement', { signed: { keyId: '', signature: '' }, source: null }],
    [
      'half a statement',
      { signed: { statement: { kind: 'review' }, keyId: '', signature: '' }, source: null },
    ],
  ])('a review with %s fails as invalid_request, too', async (_name, sent) => {
    const failure = await outcomeOf(reviewWorkflowType, `review-${randomUUID()}`, [sent]);
    expect(failure).toMatchObject({ type: 'invalid_request' });
  });

  test('what is whole is opened', async () => {
    const whole = await signedRequest(testbed, request(await testbed.certificate()));
    const handle = await testbed.client.workflow.start(changeWorkflowType, {
      workflowId: `change-${whole.id}`,
      taskQueue: changeTaskQueue,
      args: [whole],
    });
    await eventually(async () => {
      const { rowCount } = await pool.query('select from countersign.change where id = $1', [whole.id]);
      return rowCount === 1 || null;
    });
    await handle.terminate();
  });
});
