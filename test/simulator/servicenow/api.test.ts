import { afterEach, expect, test } from 'vitest';
import { startServiceNow } from '../../../simulator/servicenow/server.ts';
import type { ServiceNowOptions } from '../../../simulator/servicenow/server.ts';
import type { RestEndpoint } from '../../../simulator/rest-endpoint.ts';
import { putRecords, recordsOf, steer } from './control.ts';

const running: RestEndpoint[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((endpoint) => endpoint.close()));
});

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const writer = basic('countersign', 'writer-secret');
const reader = basic('countersign.reader', 'reader-secret');

async function started(options: ServiceNowOptions = {}) {
  const endpoint = await startServiceNow(options);
  running.push(endpoint);
  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${endpoint.url}${path}`, {
      method,
      headers: { authorization: writer, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? null : JSON.parse(text)) as Record<
        string,
        Record<string, Record<string, unknown>>
      >,
    };
  };
  const make = async (type = 'normal', values: Record<string, string> = {}): Promise<string> => {
    const { body } = await ask('POST', `/api/sn_chg_rest/v1/change/${type}`, {
      short_description: 'x',
      ...values,
    });
    return String(body['result']?.['sys_id']?.['value']);
  };
  const move = async (id: string, values: Record<string, string>) => {
    const { status, body } = await ask('PATCH', `/api/sn_chg_rest/v1/change/${id}`, values);
    return { status, state: body['result']?.['state']?.['value'], body };
  };
  return { url: endpoint.url, ask, make, move };
}

const change = '/api/sn_chg_rest/v1/change';

test.each([
  ['no login', {}, 401],
  ['a wrong password', { authorization: basic('countersign', 'wrong') }, 401],
  ['Basic', { authorization: writer }, 200],
  ['an API key', { 'x-sn-apikey': 'writer-key' }, 200],
  ['a wrong API key', { 'x-sn-apikey': 'other' }, 401],
  ['a bearer token that nobody gave', { authorization: 'Bearer other' }, 401],
])('%s', async (_what, headers: Record<string, string>, status) => {
  const { url } = await started();
  const answer = await fetch(`${url}/api/now/table/sys_user?sysparm_limit=1`, { headers });
  expect(answer.status).toBe(status);
  if (status !== 401) return;
  expect(await answer.json()).toMatchObject({
    error: { message: 'User Not Authenticated' },
    status: 'failure',
  });
});

test('a token of OAuth serves until its end', async () => {
  let now = Date.parse('2026-11-29T10:00:00Z');
  const { url } = await started({ now: () => now });
  const ask = (form: Record<string, string>) =>
    fetch(`${url}/oauth_token.do`, { method: 'POST', body: new URLSearchParams(form) });
  const client = { client_id: 'countersign-client', client_secret: 'client-secret' };
  expect((await ask({ grant_type: 'client_credentials', ...client, client_secret: 'no' })).status).toBe(401);
  const answer = (await (await ask({ grant_type: 'client_credentials', ...client })).json()) as {
    access_token: string;
    expires_in: number;
  };
  expect(answer.expires_in).toBe(1800);
  const read = () =>
    fetch(`${url}/api/now/table/sys_user`, { headers: { authorization: `Bearer ${answer.access_token}` } });
  expect((await read()).status).toBe(200);
  now += 1_800_000;
  expect((await read()).status).toBe(401);
});

test.each([
  ['normal', ['-4', '-3', '-2', '-1', '0']],
  ['emergency', ['-3', '-2', '-1', '0']],
])('a %s change goes one step at a time and is closed with code and notes', async (type, way) => {
  const { make, move } = await started();
  const id = await make(type);
  expect(await move(id, { state: '-1' })).toMatchObject({ status: 403 });
  for (const state of way)
    expect(await move(id, { state })).toMatchObject({ status: 200, state: Number(state) });
  expect(await move(id, { state: '4' })).toMatchObject({ status: 403 });
  const refused = await move(id, { state: '3', close_code: 'successful' });
  expect(refused.status).toBe(403);
  expect(refused.body['error']).toEqual({
    message: 'Operation Failed',
    detail: expect.stringContaining('was aborted by Business Rule') as string,
  });
  const closed = await move(id, { state: '3', close_code: 'successful', close_notes: 'done' });
  expect(closed).toMatchObject({ status: 200, state: 3 });
});

test('a standard change needs a template and skips Assess and Authorize', async () => {
  const { make, move, ask } = await started();
  expect((await ask('POST', `${change}/standard`, {})).status).toBe(400);
  const id = await make(`standard/${'0'.repeat(32)}`);
  expect(await move(id, { state: '-4' })).toMatchObject({ status: 403 });
  expect(await move(id, { state: '-2' })).toMatchObject({ status: 200 });
});

test('a refused step can also be answered 200, with nothing changed', async () => {
  const { make, move, url } = await started({ settings: { refusal: 'silent' } });
  const id = await make();
  expect(await move(id, { state: '3', short_description: 'new' })).toMatchObject({ status: 200, state: -5 });
  expect((await recordsOf(url, 'change_request'))[0]).toMatchObject({ state: '-5', short_description: 'x' });
});

test('on hold only Canceled comes next', async () => {
  const { make, move, ask } = await started();
  const id = await make();
  const next = async () =>
    (await ask('GET', `${change}/${id}/nextstates`)).body['result']?.['available_states'];
  expect(await next()).toEqual(['-4', '4', '-5']);
  await move(id, { on_hold: 'true' });
  expect(await next()).toEqual(['4', '-5']);
  expect(await move(id, { state: '-4' })).toMatchObject({ status: 403 });
  expect(await move(id, { state: '4' })).toMatchObject({ status: 200 });
});

test('with models a step without its approval is named and not open', async () => {
  const { make, move, ask, url } = await started({ settings: { hasModels: true, needsApproval: true } });
  const id = await make();
  await move(id, { state: '-4' });
  await move(id, { state: '-3' });
  const open = async () => {
    const { body } = await ask('GET', `${change}/${id}/nextstates`);
    const ways = (body['result']?.['state_transitions'] ?? []) as unknown as Record<string, unknown>[][];
    return ways.flat().find((way) => way['to_state'] === '-2')?.['transition_available'];
  };
  expect(await open()).toBe(false);
  await putRecords(url, { table: 'change_request', values: { sys_id: id, approval: 'approved' } });
  expect(await open()).toBe(true);
});

test('times are UTC as values and of another zone as they are shown; numbers and booleans are typed', async () => {
  const { make, ask } = await started({ now: () => Date.parse('2026-11-29T10:00:00Z') });
  const id = await make('normal', { start_date: '2026-12-01 03:00:00' });
  const { body } = await ask('GET', `${change}/${id}`);
  expect(body['result']).toMatchObject({
    start_date: { value: '2026-12-01 03:00:00', display_value: '2026-11-30 19:00:00' },
    state: { value: -5, display_value: 'New' },
    on_hold: { value: false, display_value: 'false' },
    sys_created_on: { value: '2026-11-29 10:00:00' },
  });
  const table = await ask(
    'GET',
    `/api/now/table/change_request/${id}?sysparm_display_value=all&sysparm_fields=state`,
  );
  expect(table.body['result']).toEqual({ state: { value: '-5', display_value: 'New' } });
  const plain = await ask('GET', `/api/now/table/change_request/${id}?sysparm_fields=state,nothing`);
  expect(plain.body['result']).toEqual({ state: '-5' });
});

test('one change is answered as an object, or as a list of one', async () => {
  const { make, ask, url } = await started();
  const id = await make();
  const result = async () => (await ask('GET', `${change}/${id}`)).body['result'];
  expect(Array.isArray(await result())).toBe(false);
  await steer(url, 'PUT', 'settings', { resultAs: 'list' });
  expect(Array.isArray(await result())).toBe(true);
});

test('unknown fields are ignored and named', async () => {
  const { ask } = await started();
  const { body } = await ask('POST', `${change}/normal`, {
    short_description: 'x',
    u_none: '1',
    number: 'CHG1',
  });
  expect(body['result']?.['__meta']).toEqual({ ignoredFields: ['u_none'] });
  expect(body['result']?.['number']?.['value']).toBe('CHG0030001');
});

test.each([
  ['correlation_id=b', ['b']],
  ['correlation_id=none', []],
  ['no_such_field=b', ['a', 'b', 'c']],
  ['correlation_id~b', ['a', 'b', 'c']],
  ['correlation_idINa,c^ORDERBYDESCcorrelation_id', ['c', 'a']],
  ['correlation_id=a^ORcorrelation_id=c', ['a', 'c']],
  ['correlation_id!=a^short_descriptionLIKEX', ['b', 'c']],
])('the query %s', async (query, marks) => {
  const { make, ask } = await started();
  for (const mark of ['a', 'b', 'c']) await make('normal', { correlation_id: mark });
  const search = new URLSearchParams({ sysparm_query: query, sysparm_fields: 'correlation_id' }).toString();
  const { body } = await ask('GET', `/api/now/table/change_request?${search}`);
  const rows = body['result'] as unknown as { correlation_id: string }[];
  expect(rows.map((row) => row.correlation_id)).toEqual(marks);
});

test('a query term of a field that an ACL hides is left out, and so is the field', async () => {
  const { make, ask } = await started({ settings: { hiddenFields: ['change_request.correlation_id'] } });
  await make('normal', { correlation_id: 'a' });
  const search = 'sysparm_query=correlation_id%3Db&sysparm_fields=number,correlation_id';
  const { body } = await ask('GET', `/api/now/table/change_request?${search}`);
  expect(body['result']).toEqual([{ number: 'CHG0030001' }]);
});

test('what an account does not see is not found; what it may not write is forbidden', async () => {
  const { make, ask, url } = await started();
  const id = await make();
  const asReader = { authorization: reader };
  expect((await ask('PATCH', `${change}/${id}`, { description: 'x' }, asReader)).status).toBe(403);
  expect((await ask('GET', `${change}/${id}`, undefined, asReader)).status).toBe(200);
  await putRecords(url, {
    table: 'change_request',
    values: { sys_id: id },
    hiddenFrom: ['countersign.reader'],
  });
  expect(await ask('GET', `${change}/${id}`, undefined, asReader)).toMatchObject({
    status: 404,
    body: { status: 'failure', error: { message: 'No Record found' } },
  });
  const list = await ask('GET', '/api/now/table/change_request', undefined, asReader);
  expect(list.body['result']).toEqual([]);
  expect(list.headers.get('x-total-count')).toBe('1');
});

test('notes are rows of the journal, and a text of the field as it is shown', async () => {
  const { make, move, ask } = await started({ now: () => Date.parse('2026-11-29T10:00:00Z') });
  const id = await make();
  await move(id, { work_notes: 'first' });
  await move(id, { work_notes: 'second' });
  const shown = await ask(
    'GET',
    `/api/now/table/change_request/${id}?sysparm_display_value=true&sysparm_fields=work_notes`,
  );
  const [second, first] = ['second', 'first'].map(
    (note) => `2026-11-29 02:00:00 - Countersign (Work notes)\n${note}\n\n`,
  );
  expect(shown.body['result']?.['work_notes']).toBe(`${second ?? ''}${first ?? ''}`);
  const search = `sysparm_query=element_id%3D${id}&sysparm_fields=value,element,sys_created_by`;
  const rows = await ask('GET', `/api/now/table/sys_journal_field?${search}`);
  expect(rows.body['result']).toEqual([
    { value: 'first', element: 'work_notes', sys_created_by: 'countersign' },
    { value: 'second', element: 'work_notes', sys_created_by: 'countersign' },
  ]);
  const hidden = await ask('GET', `/api/now/table/sys_journal_field?${search}`, undefined, {
    authorization: reader,
  });
  expect(hidden.body['result']).toEqual([]);
});

test('more requests than the rule allows are answered 429 with its headers', async () => {
  const { ask } = await started({
    settings: { requestsPerHour: 2 },
    now: () => Date.parse('2026-11-29T10:59:30Z'),
  });
  const answers = [];
  for (let i = 0; i < 3; i += 1) answers.push(await ask('GET', '/api/now/table/sys_user'));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
  expect(answers[2]?.headers.get('retry-after')).toBe('30');
  expect(answers[2]?.headers.get('x-ratelimit-reset')).toBe(
    String(Date.parse('2026-11-29T11:00:00Z') / 1000),
  );
});

test('faults: done but answered 500, and answered as if it were done', async () => {
  const { make, move, url } = await started();
  const id = await make();
  await steer(url, 'POST', 'faults', [{ kind: 'applied_then_500', method: 'PATCH' }]);
  expect((await move(id, { state: '-4' })).status).toBe(500);
  expect((await recordsOf(url, 'change_request'))[0]?.['state']).toBe('-4');
  await steer(url, 'POST', 'faults', [{ kind: 'unchanged', method: 'PATCH' }]);
  expect(await move(id, { state: '-3' })).toMatchObject({ status: 200, state: -3 });
  expect((await recordsOf(url, 'change_request'))[0]?.['state']).toBe('-4');
});

test('the page shows what it holds, with nothing to obey', async () => {
  const { make, move, url } = await started();
  await move(await make('normal', { short_description: '<b>x</b>' }), { work_notes: '<script>' });
  const page = await (await fetch(`${url}/_sim`)).text();
  expect(page).toContain('CHG0030001');
  expect(page).toContain('&lt;b&gt;x&lt;/b&gt;');
  expect(page).not.toContain('<script>');
});
