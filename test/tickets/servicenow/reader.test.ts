import { afterEach, expect, test } from 'vitest';
import { startServiceNow } from '../../../simulator/servicenow/server.ts';
import type { ServiceNowOptions } from '../../../simulator/servicenow/server.ts';
import type { RestEndpoint } from '../../../simulator/rest-endpoint.ts';
import { makeServiceNowReader } from '../../../tickets/servicenow/reader.ts';
import { callsOf, putRecords, steer } from '../../simulator/servicenow/control.ts';
import { faultOf, secrets, settingsOf } from './settings-of.ts';

const running: RestEndpoint[] = [];
const { signal } = new AbortController();

afterEach(async () => {
  await Promise.all(running.splice(0).map((endpoint) => endpoint.close()));
});

async function started(
  options: ServiceNowOptions = {},
  more: Record<string, unknown> = {},
  secret = secrets.reader,
) {
  const endpoint = await startServiceNow(options);
  running.push(endpoint);
  const { url } = endpoint;
  const reader = makeServiceNowReader('snow', settingsOf(url, more), { fetch, secret, deadlineMs: 5000 });
  const [row] = await putRecords(url, {
    table: 'change_request',
    values: {
      short_description: 'Reactivate',
      start_date: '2026-12-01 03:00:00',
      end_date: '2026-12-01 05:00:00',
      u_target: 'sn-1',
      state: '-2',
      approval: 'approved',
    },
    by: 'iris.lane',
  });
  return { url, reader, id: row?.['sys_id'] ?? '' };
}

test('a ticket is read by its number and by its sys_id, with fields as the database has them', async () => {
  const { reader, id, url } = await started();
  const fields = [
    'start_date',
    'end_date',
    'u_target',
    'close_notes',
    'no_such_field',
    'bad^name',
    'requested_by.name',
  ];
  const ticket = await reader.read('CHG0030001', fields, signal);
  expect(ticket).toEqual({
    system: 'snow',
    id,
    key: 'CHG0030001',
    url: `${url}/nav_to.do?uri=%2Fchange_request.do%3Fsys_id%3D${id}`,
    type: 'normal',
    project: 'change_request',
    state: 'Scheduled',
    phase: 'new',
    onHold: false,
    approved: true,
    summary: 'Reactivate',
    fields: {
      start_date: '2026-12-01 03:00:00',
      end_date: '2026-12-01 05:00:00',
      u_target: 'sn-1',
      close_notes: null,
      no_such_field: null,
      'bad^name': null,
      'requested_by.name': null,
    },
    times: 'utc',
    version: '0',
    digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    author: 'iris.lane',
    marks: [],
  });
  expect(await reader.read(id, fields, signal)).toEqual(ticket);
  expect(await reader.read('chg0030001', fields, signal)).toEqual(ticket);
});

test('a field of the record that a reference leads to', async () => {
  const { reader, id, url } = await started();
  const [user] = await putRecords(url, { table: 'sys_user', values: { user_name: 'x', name: 'Xenia' } });
  await putRecords(url, {
    table: 'change_request',
    values: { sys_id: id, requested_by: user?.['sys_id'] ?? '' },
  });
  const ticket = await reader.read(id, ['requested_by', 'requested_by.name'], signal);
  expect(ticket?.fields).toEqual({ requested_by: user?.['sys_id'], 'requested_by.name': 'Xenia' });
});

test.each([
  ['a new state', { state: '-1' }, { state: 'Implement', phase: 'in_progress', version: '1' }],
  ['review', { state: '0' }, { phase: 'in_progress' }],
  ['closed', { state: '3' }, { phase: 'done' }],
  ['canceled', { state: '4' }, { phase: 'cancelled' }],
  ['on hold', { on_hold: 'true' }, { onHold: true }],
  ['approval not asked for yet', { approval: 'not requested' }, { approved: false }],
  ['approval asked for', { approval: 'requested' }, { approved: false }],
  ['rejected', { approval: 'rejected' }, { approved: false }],
  ['no approval required', { approval: 'not_required' }, { approved: null }],
  ['an approval of another kind', { approval: 'duplicate' }, { approved: false }],
])('%s', async (_what, values, expected) => {
  const { reader, id, url } = await started();
  const before = await reader.read(id, [], signal);
  await putRecords(url, { table: 'change_request', values: { sys_id: id, ...values } });
  const after = await reader.read(id, [], signal);
  expect(after).toMatchObject(expected);
  expect(after?.digest).not.toBe(before?.digest);
});

test.each([
  ['a number that is not there', 'CHG0099999'],
  ['a sys_id that is not there', '0'.repeat(32)],
  ['a text that would be another query', 'CHG1^ORnumber=CHG0030001'],
  ['a path', '../sys_user'],
  ['nothing', ''],
])('%s is no ticket', async (_what, id) => {
  const { reader } = await started();
  expect(await reader.read(id, [], signal)).toBeNull();
});

test('a ticket that the login does not see is no ticket', async () => {
  const { reader, id, url } = await started();
  const hiddenFrom = ['countersign.reader'];
  await putRecords(url, { table: 'change_request', values: { sys_id: id }, hiddenFrom });
  expect(await reader.read(id, [], signal)).toBeNull();
  expect(await reader.read('CHG0030001', [], signal)).toBeNull();
});

test.each(['state', 'approval', 'on_hold', 'type', 'number'])(
  'a ticket whose %s the login does not see is not judged',
  async (field) => {
    const { reader, id } = await started({ settings: { hiddenFields: [`change_request.${field}`] } });
    expect(await faultOf(reader.read(id, [], signal))).toMatchObject({
      fault: 'denied',
      message: expect.stringContaining(field) as string,
    });
  },
);

test.each(['hiddenFields', 'unsearchableFields'])(
  'a search that leaves its term out finds nothing and says so: %s',
  async (by) => {
    const { reader } = await started({ settings: { [by]: ['change_request.number'] } });
    expect(await faultOf(reader.read('CHG0099999', [], signal))).toMatchObject({
      fault: 'denied',
      message: expect.stringContaining('number') as string,
    });
  },
);

test('a state that the settings do not name is an error, and theirs count', async () => {
  const { reader, id, url } = await started();
  await putRecords(url, { table: 'change_request', values: { sys_id: id, state: '20' } });
  expect(await faultOf(reader.read(id, [], signal))).toMatchObject({ fault: 'refused' });
  const settings = settingsOf(url, { states: [{ state: '20', phase: 'in_progress' }] });
  const other = makeServiceNowReader('snow', settings, { fetch, secret: secrets.reader });
  expect(await other.read(id, [], signal)).toMatchObject({ phase: 'in_progress' });
});

test.each([
  [{ status: 401 }, { fault: 'denied', httpStatus: 401 }],
  [{ status: 403 }, { fault: 'denied', httpStatus: 403 }],
  [{ status: 409 }, { fault: 'conflict' }],
  [{ status: 400 }, { fault: 'refused' }],
  [
    { status: 429, headers: { 'retry-after': '7' } },
    { fault: 'throttled', retryAfterMs: 7000 },
  ],
  [{ status: 429 }, { fault: 'throttled', retryAfterMs: null }],
  [{ status: 500 }, { fault: 'failed', httpStatus: 500 }],
  [
    { status: 503, headers: { 'retry-after': '99999' } },
    { fault: 'failed', retryAfterMs: 3_600_000 },
  ],
  [{ status: 200, body: 'Sign in' }, { fault: 'unreachable' }],
  [{ status: 200, body: { result: 'x' } }, { fault: 'unreachable' }],
  [{ status: 200, body: { result: [], error: { message: 'Transaction cancelled' } } }, { fault: 'failed' }],
])('an answer of %j', async (fault, expected) => {
  const { reader, id, url } = await started();
  await steer(url, 'POST', 'faults', [
    { kind: 'status', body: { error: { message: 'CHG secret' } }, ...fault },
  ]);
  const got = await faultOf(reader.read(id, [], signal));
  expect(got).toMatchObject(expected);
  expect(String(got['message'])).not.toMatch(/secret|127\.0\.0\.1|http/);
});

test('a redirect is not followed', async () => {
  const { reader, id, url } = await started();
  const headers = { location: `/api/now/table/change_request/${id}` };
  await steer(url, 'POST', 'faults', [{ kind: 'status', status: 307, headers }]);
  expect(await faultOf(reader.read(id, [], signal))).toMatchObject({ fault: 'unreachable', httpStatus: 307 });
  expect(await callsOf(url)).toHaveLength(1);
});

test('no answer, a late one and a stopped one', async () => {
  const { reader, id, url } = await started();
  await steer(url, 'POST', 'faults', [{ kind: 'reset' }]);
  expect(await faultOf(reader.read(id, [], signal))).toMatchObject({ fault: 'unreachable' });
  await steer(url, 'POST', 'faults', [{ kind: 'hang' }, { kind: 'hang' }]);
  const settings = settingsOf(url);
  const hasty = makeServiceNowReader('snow', settings, { fetch, secret: secrets.reader, deadlineMs: 50 });
  expect(await faultOf(hasty.read(id, [], signal))).toMatchObject({
    fault: 'unreachable',
    message: 'no answer of ServiceNow in time',
  });
  const stopped = faultOf(reader.read(id, [], AbortSignal.timeout(50)));
  expect(await stopped).toMatchObject({ fault: 'unreachable' });
  await Promise.all(running.map((endpoint) => endpoint.close()));
  const gone = await faultOf(reader.read(id, [], signal));
  expect(gone).toMatchObject({ fault: 'unreachable', message: 'no answer of ServiceNow' });
});

test.each([
  ['basic', { read: { user: 'countersign.reader', secretFile: 'x' } }, 'reader-secret', 'countersign.reader'],
  ['api_key', { read: { scheme: 'api_key', secretFile: 'x' } }, 'reader-key', 'countersign.reader'],
  [
    'oauth',
    { read: { scheme: 'oauth', clientId: 'countersign-client', secretFile: 'x' } },
    'client-secret',
    'countersign',
  ],
])('the login %s: whose it is and what it sees', async (_what, more, secret, id) => {
  const { reader } = await started({}, more, secret);
  expect(await reader.account(signal)).toMatchObject({
    id,
    rights: expect.arrayContaining([
      { name: 'read change_request', has: true },
      { name: 'read sys_journal_field', has: false },
    ]) as unknown,
  });
});

test('a login that sees no change requests says so', async () => {
  const { reader, url } = await started();
  await steer(url, 'PUT', 'users', [
    { userName: 'countersign.reader', password: 'reader-secret', roles: [] },
  ]);
  expect((await reader.account(signal)).rights[0]).toEqual({ name: 'read change_request', has: false });
});

test.each(['hiddenFields', 'unsearchableFields'])(
  'a login whose account the system leaves out of the question is not guessed: %s',
  async (by) => {
    const more = { read: { scheme: 'api_key', secretFile: 'x' } };
    const { reader } = await started({ settings: { [by]: ['sys_user.user_name'] } }, more, 'reader-key');
    expect(await faultOf(reader.account(signal))).toMatchObject({ fault: 'denied' });
  },
);

test('a token is asked for once, anew before its end, and once more when it was revoked', async () => {
  let now = Date.parse('2026-11-29T10:00:00Z');
  const endpoint = await startServiceNow({ now: () => now });
  running.push(endpoint);
  const { url } = endpoint;
  const settings = settingsOf(url, {
    read: { scheme: 'oauth', clientId: 'countersign-client', secretFile: 'x' },
  });
  const bodies: unknown[] = [];
  const seen: typeof fetch = (address, init) => {
    bodies.push(init?.body);
    return fetch(address, init);
  };
  const reader = makeServiceNowReader('snow', settings, {
    fetch: seen,
    secret: 'client-secret',
    now: () => now,
  });
  const tokens = async () => (await callsOf(url)).filter(({ path }) => path === '/oauth_token.do').length;
  await reader.read('CHG1', [], signal);
  await reader.read('CHG1', [], signal);
  expect(await tokens()).toBe(1);
  now += 1_745_000;
  await reader.read('CHG1', [], signal);
  expect(await tokens()).toBe(2);
  await steer(url, 'POST', 'faults', [{ kind: 'status', status: 401, path: '/api/' }]);
  expect(await reader.read('CHG1', [], signal)).toBeNull();
  expect(await tokens()).toBe(3);
  await steer(url, 'POST', 'faults', [{ kind: 'status', status: 401, path: '/api/', times: 2 }]);
  expect(await faultOf(reader.read('CHG1', [], signal))).toMatchObject({ fault: 'denied', httpStatus: 401 });
  // The fetch of a proxy sends texts alone.
  expect(bodies.filter((body) => body !== undefined && typeof body !== 'string')).toEqual([]);
});

test('a wrong client secret is denied', async () => {
  const more = { read: { scheme: 'oauth', clientId: 'countersign-client', secretFile: 'x' } };
  const { reader } = await started({}, more, 'wrong');
  expect(await faultOf(reader.read('CHG1', [], signal))).toMatchObject({ fault: 'denied', httpStatus: 401 });
});
