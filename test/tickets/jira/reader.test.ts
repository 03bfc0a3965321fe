import { afterEach, describe, expect, test } from 'vitest';
import type { RestFault } from '../../../simulator/rest-endpoint.ts';
import { makeJiraReader } from '../../../tickets/jira/reader.ts';
import { RemoteError } from '../../../tickets/remote-error.ts';
import { localJira, reading } from './local-jira.ts';
import type { LocalJira } from './local-jira.ts';

const never = new AbortController().signal;
let jira: LocalJira | null = null;
afterEach(async () => {
  await jira?.stop();
  jira = null;
});

const issue = {
  key: 'OPS-4711',
  type: 'Change',
  summary: 'Reactivate the CA',
  labels: ['ca'],
  creator: 'acc-pat',
  custom: {
    customfield_10101: '2026-12-01T08:00:00.000+0100',
    customfield_10103: {
      type: 'doc',
      version: 1,
      content: [{ type: 'paragraph', content: [{ type: 'text', text: 'SN-1' }] }],
    },
    customfield_10102: { value: 'A choice', id: '1' },
  },
};

describe.each(['cloud', 'data_center'] as const)('%s', (deployment) => {
  test('an issue is read by key and by id, with fields by id and by name', async () => {
    jira = await localJira(deployment);
    await jira.control('PUT', '/issues', issue);
    const ticket = await jira.reader.read(
      'OPS-4711',
      ['Planned start', 'customfield_10103', 'Planned end'],
      never,
    );
    expect(ticket).toMatchObject({
      system: 'jira',
      key: 'OPS-4711',
      url: `${jira.endpoint.url}/browse/OPS-4711`,
      type: 'Change',
      project: 'OPS',
      state: 'Open',
      phase: 'new',
      onHold: false,
      approved: null,
      summary: 'Reactivate the CA',
      fields: {
        'Planned start': '2026-12-01T08:00:00.000+01:00',
        customfield_10103: 'SN-1',
        'Planned end': 'A choice',
      },
      times: 'zoned',
      author: 'acc-pat',
      marks: ['ca'],
    });
    expect(ticket?.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await jira.reader.read(ticket?.id ?? '', ['Planned start'], never)).toMatchObject({
      key: 'OPS-4711',
    });
  });

  test('the digest is another one when the issue has changed', async () => {
    jira = await localJira(deployment);
    await jira.control('PUT', '/issues', issue);
    const before = await jira.reader.read('OPS-4711', [], never);
    expect((await jira.reader.read('OPS-4711', [], never))?.digest).toBe(before?.digest);
    await jira.byHand('OPS-4711', 'In Progress');
    const after = await jira.reader.read('OPS-4711', [], never);
    expect(after?.phase).toBe('in_progress');
    expect(after?.digest).not.toBe(before?.digest);
  });
});

test.each([
  ['OPS-1', 'Open', null, 'new', false],
  ['OPS-1', 'In Progress', null, 'in_progress', false],
  ['OPS-1', 'On Hold', null, 'in_progress', true],
  ['OPS-1', 'Done', 'Done', 'done', false],
  ['OPS-1', 'Done', "Won't Do", 'cancelled', false],
  ['OPS-1', 'Cancelled', 'Done', 'cancelled', false],
])('%s in %s with the resolution %s is %s, on hold: %s', async (key, status, resolution, phase, onHold) => {
  jira = await localJira();
  await jira.control('PUT', '/issues', { key, status, resolution });
  expect(await jira.reader.read(key, [], never)).toMatchObject({ phase, onHold, state: status });
});

test('what is not there, what is hidden and what is no name is no ticket', async () => {
  jira = await localJira();
  await jira.control('PUT', '/issues', [issue, { key: 'TEAM-1' }]);
  await jira.control('PUT', '/users', [{ ...reading, projects: ['OPS'] }]);
  for (const id of ['OPS-1', 'TEAM-1', '../myself', 'OPS-4711/comment', '', 'OPS-4711?x=1']) {
    expect(await jira.reader.read(id, [], never)).toBeNull();
  }
  expect(await jira.reader.read('OPS-4711', [], never)).not.toBeNull();
});

test('a field that nobody knows is told, and no value is guessed', async () => {
  jira = await localJira();
  await jira.control('PUT', '/issues', issue);
  await jira.control('PUT', '/fields', [
    { id: 'customfield_1', name: 'Twice' },
    { id: 'customfield_2', name: 'Twice' },
  ]);
  await expect(jira.reader.read('OPS-4711', ['Twice'], never)).rejects.toMatchObject({ fault: 'refused' });
  await expect(jira.reader.read('OPS-4711', ['Nowhere'], never)).rejects.toMatchObject({ fault: 'refused' });
});

test('approvals of a service desk: given when each one is', async () => {
  jira = await localJira('cloud', { approvals: true });
  const approvals = (...decisions: string[]) =>
    decisions.map((finalDecision, i) => ({ id: String(i), name: 'CAB', finalDecision }));
  for (const [list, approved] of [
    [approvals(), null],
    [approvals('approved'), true],
    [approvals('approved', 'pending'), false],
    [approvals('declined'), false],
  ] as const) {
    await jira.control('PUT', '/issues', { key: 'OPS-1', approvals: list });
    expect((await jira.reader.read('OPS-1', [], never))?.approved).toBe(approved);
  }
});

test('doctor is told whose login it is and what it may do', async () => {
  jira = await localJira();
  const account = await jira.reader.account(never);
  expect(account).toMatchObject({ id: 'acc-reader', name: 'Countersign (reads)' });
  expect(account.rights.filter(({ has }) => has).map(({ name }) => name)).toEqual(['BROWSE_PROJECTS']);
  const { rights } = await jira.system.account(never);
  expect(rights.every(({ has }) => has)).toBe(true);
});

test.each<[string, RestFault, object]>([
  ['401', { kind: 'status', status: 401 }, { fault: 'denied', httpStatus: 401 }],
  ['403', { kind: 'status', status: 403 }, { fault: 'denied', httpStatus: 403 }],
  ['409', { kind: 'status', status: 409 }, { fault: 'conflict' }],
  [
    '429 with Retry-After',
    { kind: 'status', status: 429, headers: { 'retry-after': '7', 'ratelimit-reason': 'jira-burst-based' } },
    { fault: 'throttled', retryAfterMs: 7000 },
  ],
  ['500', { kind: 'status', status: 500 }, { fault: 'failed', retryAfterMs: null }],
  [
    '503 with Retry-After',
    { kind: 'status', status: 503, headers: { 'retry-after': '3' } },
    { retryAfterMs: 3000 },
  ],
  [
    'a redirect',
    { kind: 'status', status: 302, headers: { location: 'http://127.0.0.1:1/' } },
    { fault: 'unreachable' },
  ],
  ['another shape', { kind: 'status', status: 200, body: { page: 'log in' } }, { fault: 'unreachable' }],
  ['no answer', { kind: 'hang' }, { fault: 'unreachable', httpStatus: null }],
  ['a reset', { kind: 'reset' }, { fault: 'unreachable' }],
])('%s is an error that says so, and nothing of the login', async (_name, fault, expected) => {
  jira = await localJira();
  const { endpoint } = jira;
  await jira.control('PUT', '/issues', issue);
  await jira.faults(fault);
  const error = await jira.reader.read('OPS-4711', [], never).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RemoteError);
  expect(error).toMatchObject(expected);
  const { message } = error as RemoteError;
  for (const secret of [reading.token, reading.email, endpoint.url, 'log in'])
    expect(message).not.toContain(secret);
});

test('the own rate limit of a system is honoured, by its time too', async () => {
  jira = await localJira();
  const { reader } = jira;
  await jira.control('PUT', '/settings', { callsPerSecond: 1 });
  await jira.control('PUT', '/issues', issue);
  const reads = await Promise.allSettled([1, 2, 3].map(() => reader.read('OPS-4711', [], never)));
  const refused = reads.filter((one) => one.status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.reason).toMatchObject({ fault: 'throttled', retryAfterMs: 1000 });
});

test('a wrong login is denied, and an aborted read ends as aborted', async () => {
  jira = await localJira();
  const wrong = makeJiraReader('jira', jira.settings, { fetch, secret: 'wrong' });
  await expect(wrong.read('OPS-1', [], never)).rejects.toMatchObject({ fault: 'denied', httpStatus: 401 });
  const ended = AbortSignal.abort(new Error('over'));
  await expect(jira.reader.read('OPS-1', [], ended)).rejects.toThrow('over');
});
