import { afterEach, expect, test } from 'vitest';
import type { TicketPhase } from '../../../domain/ticket-read.ts';
import { startServiceNow } from '../../../simulator/servicenow/server.ts';
import type { ServiceNowOptions } from '../../../simulator/servicenow/server.ts';
import type { RestEndpoint } from '../../../simulator/rest-endpoint.ts';
import { makeServiceNowSystem } from '../../../tickets/servicenow/system.ts';
import { callsOf, putRecords, recordsOf, steer } from '../../simulator/servicenow/control.ts';
import { faultOf, secrets, settingsOf } from './settings-of.ts';

const running: RestEndpoint[] = [];
const { signal } = new AbortController();
const close = { successful: true, notes: 'RequestId 1' };
const wanted = { mark: 'cs-1', summary: 'Reactivate sn-1', description: 'why\nwhat' };

afterEach(async () => {
  await Promise.all(running.splice(0).map((endpoint) => endpoint.close()));
});

async function started(options: ServiceNowOptions = {}, more: Record<string, unknown> = {}) {
  const endpoint = await startServiceNow(options);
  running.push(endpoint);
  const { url } = endpoint;
  const system = makeServiceNowSystem('snow', settingsOf(url, more), { fetch, secret: secrets.writer });
  const stateOf = async (id: string) =>
    (await recordsOf(url, 'change_request')).find((row) => row['sys_id'] === id)?.['state'];
  /** Steps until nothing moves any more. */
  const go = async (id: string, phase: TicketPhase) => {
    const steps = [];
    do steps.push(await system.stepTowards(id, phase, close, signal));
    while (steps.at(-1) === 'moved' && steps.length < 20);
    return steps;
  };
  return { url, system, stateOf, go };
}

test('a ticket is made with its mark and found by it', async () => {
  const { system, url } = await started();
  expect(await system.find('cs-1', signal)).toEqual([]);
  const made = await system.create(wanted, signal);
  expect(made).toMatchObject({
    key: 'CHG0030001',
    type: 'normal',
    phase: 'new',
    marks: ['cs-1'],
    author: 'countersign',
  });
  expect(await system.find('cs-1', signal)).toEqual([made]);
  expect((await recordsOf(url, 'change_request'))[0]).toMatchObject({
    short_description: 'Reactivate sn-1',
    description: 'why\nwhat',
    correlation_id: 'cs-1',
    correlation_display: 'Countersign',
  });
});

test.each([
  ['object', { type: 'emergency' }, 'emergency'],
  ['list', { type: 'standard', template: 'a'.repeat(32) }, 'standard'],
] as const)('answered as %s, made as %j', async (resultAs, create, type) => {
  const { system } = await started({ settings: { resultAs } }, { create });
  expect(await system.create(wanted, signal)).toMatchObject({ type });
});

test('of several tickets with the mark those of our own account are found, the oldest first', async () => {
  const { system, url } = await started();
  const values = { correlation_id: 'cs-1' };
  await putRecords(
    url,
    {
      table: 'change_request',
      values: { ...values, sys_created_on: '2026-11-02 00:00:00' },
      by: 'countersign',
    },
    {
      table: 'change_request',
      values: { ...values, sys_created_on: '2026-11-01 00:00:00' },
      by: 'countersign',
    },
    {
      table: 'change_request',
      values: { ...values, sys_created_on: '2026-10-01 00:00:00' },
      by: 'iris.lane',
    },
    { table: 'change_request', values: { correlation_id: 'cs-2' }, by: 'countersign' },
    { table: 'change_request', values: { correlation_id: 'CS-1' }, by: 'iris.lane' },
  );
  expect((await system.find('cs-1', signal)).map(({ key }) => key)).toEqual(['CHG0030002', 'CHG0030001']);
});

test.each(['hiddenFields', 'unsearchableFields'])(
  'a search that leaves its term out is no answer, and nothing is made on its word: %s',
  async (by) => {
    const { system, url } = await started();
    await system.create(wanted, signal);
    await steer(url, 'PUT', 'settings', { [by]: ['change_request.correlation_id'] });
    expect(await faultOf(system.find('cs-9', signal))).toMatchObject({ fault: 'denied' });
  },
);

test('a search may lag behind', async () => {
  const { system, url } = await started({ settings: { lagMs: 3_600_000 } });
  await system.create(wanted, signal);
  expect(await system.find('cs-1', signal)).toEqual([]);
  await steer(url, 'PUT', 'settings', { lagMs: 0 });
  expect(await system.find('cs-1', signal)).toHaveLength(1);
  expect(system.searchLagMs).toBeGreaterThan(0);
});

test.each(['cs-1^ORcorrelation_id=x', '', 'ä', 'x'.repeat(101)])(
  'the mark %j goes into no query',
  async (mark) => {
    const { system, url } = await started();
    expect(await faultOf(system.find(mark, signal))).toMatchObject({ fault: 'refused' });
    expect(await faultOf(system.create({ ...wanted, mark }, signal))).toMatchObject({ fault: 'refused' });
    expect(await recordsOf(url, 'change_request')).toEqual([]);
  },
);

test('a ticket whose mark was not kept is told of, and not made again', async () => {
  const { system } = await started({ settings: { ignoredFields: ['change_request.correlation_id'] } });
  expect(await faultOf(system.create(wanted, signal))).toMatchObject({
    fault: 'refused',
    message: 'CHG0030001 was made, but ServiceNow did not keep its correlation_id',
  });
});

test('made, and answered 500: found by its mark', async () => {
  const { system, url } = await started();
  await steer(url, 'POST', 'faults', [{ kind: 'applied_then_500', method: 'POST' }]);
  expect(await faultOf(system.create(wanted, signal))).toMatchObject({ fault: 'failed' });
  expect(await system.find('cs-1', signal)).toMatchObject([{ key: 'CHG0030001' }]);
});

test.each([
  ['too many requests', { status: 429, headers: { 'retry-after': '7' } }, 7000],
  ['a field that is not seen', { status: 403 }, null],
  ['not found', { status: 404 }, null],
])('made, and read back with %s: no fault says that nothing was made', async (_what, fault, retryAfterMs) => {
  const { system, url } = await started();
  const path = '/api/now/table/change_request/';
  await steer(url, 'POST', 'faults', [{ kind: 'status', method: 'GET', path, ...fault }]);
  expect(await faultOf(system.create(wanted, signal))).toMatchObject({ fault: 'failed', retryAfterMs });
  expect(await system.find('cs-1', signal)).toHaveLength(1);
});

test('a rule that does not let a ticket be made is no wrong login', async () => {
  const { system, url } = await started();
  const error = { message: 'Operation Failed', detail: "Operation was aborted by Business Rule 'Mandatory'" };
  await steer(url, 'POST', 'faults', [{ kind: 'status', method: 'POST', status: 403, body: { error } }]);
  expect(await faultOf(system.create(wanted, signal))).toMatchObject({
    name: 'RefusedByRule',
    fault: 'refused',
  });
});

test('too long a summary and description are cut', async () => {
  const { system, url } = await started();
  await system.create({ mark: 'cs-1', summary: '😀'.repeat(200), description: 'x'.repeat(5000) }, signal);
  const [row] = await recordsOf(url, 'change_request');
  expect(row?.['short_description']).toHaveLength(160);
  expect(row?.['description']).toHaveLength(4000);
});

test('a comment has its mark and is found by it, unless another account wrote it', async () => {
  const { system, url } = await started();
  const { id } = await system.create(wanted, signal);
  expect(await system.commentMarks(id, signal)).toEqual([]);
  await system.comment(id, { mark: 'd-1', text: 'Approved by frank.\nFine.' }, signal);
  await putRecords(url, {
    table: 'sys_journal_field',
    values: { element_id: id, element: 'work_notes', value: 'x\n\n[d-2]' },
    by: 'iris.lane',
  });
  expect(await system.commentMarks(id, signal)).toEqual(['d-1']);
  expect((await recordsOf(url, 'sys_journal_field'))[0]?.['value']).toBe(
    'Approved by frank.\nFine.\n\n[d-1]',
  );
});

test('the settings choose the journal', async () => {
  const { system, url } = await started({}, { notes: 'comments' });
  const { id } = await system.create(wanted, signal);
  await system.comment(id, { mark: 'd-1', text: 'x' }, signal);
  expect((await recordsOf(url, 'sys_journal_field'))[0]?.['element']).toBe('comments');
  expect(await system.commentMarks(id, signal)).toEqual(['d-1']);
});

test('a journal that the login does not see is no empty one', async () => {
  const { system, url } = await started();
  const { id } = await system.create(wanted, signal);
  const writer = { userName: 'countersign', password: 'writer-secret', roles: ['itil'] };
  await steer(url, 'PUT', 'users', [writer]);
  expect(await system.commentMarks(id, signal)).toEqual([]);
  await system.comment(id, { mark: 'd-1', text: 'x' }, signal);
  expect(await faultOf(system.commentMarks(id, signal))).toMatchObject({ fault: 'denied' });
});

test('a journal whose search leaves its term out is no answer', async () => {
  const { system, url } = await started();
  const { id } = await system.create(wanted, signal);
  const other = await system.create({ ...wanted, mark: 'cs-2' }, signal);
  await system.comment(other.id, { mark: 'd-1', text: 'x' }, signal);
  await steer(url, 'PUT', 'settings', { hiddenFields: ['sys_journal_field.element_id'] });
  expect(await faultOf(system.commentMarks(id, signal))).toMatchObject({ fault: 'denied' });
});

test('a long journal is read to its end', async () => {
  const { system, url } = await started();
  const { id } = await system.create(wanted, signal);
  const notes = Array.from({ length: 1001 }, (_, i) => ({
    table: 'sys_journal_field',
    values: { element_id: id, element: 'work_notes', value: `x\n\n[d-${i}]` },
    by: 'countersign',
  }));
  await putRecords(url, ...notes);
  const marks = await system.commentMarks(id, signal);
  expect(marks).toHaveLength(1001);
  expect(marks).toContain('d-1000');
});

test('the same link again changes nothing', async () => {
  const { system, url } = await started();
  const { id } = await system.create(wanted, signal);
  const link = { url: 'https://countersign.example/changes/1', title: 'The change' };
  await system.link(id, link, signal);
  await system.link(id, link, signal);
  await system.link(id, { ...link, url: `${link.url}0` }, signal);
  const notes = (await recordsOf(url, 'sys_journal_field')).map(({ value = '' }) => value.split('\n')[0]);
  expect(notes).toEqual([`The change: ${link.url}`, `The change: ${link.url}0`]);
});

test.each([
  ['normal', undefined, 6],
  ['emergency', undefined, 5],
  ['standard', 'a'.repeat(32), 4],
])('a %s change goes to its end step by step', async (type, template, steps) => {
  const { system, go, stateOf, url } = await started({}, { create: { type, template } });
  const { id } = await system.create(wanted, signal);
  expect(await go(id, 'new')).toEqual(['there']);
  const first = await go(id, 'in_progress');
  expect(await stateOf(id)).toBe('-1');
  const rest = await go(id, 'done');
  expect(first.length + rest.length - 2).toBe(steps);
  expect((await recordsOf(url, 'change_request'))[0]).toMatchObject({
    state: '3',
    close_code: 'successful',
    close_notes: 'RequestId 1',
  });
  expect(await go(id, 'done')).toEqual(['there']);
  expect(await go(id, 'in_progress')).toEqual(['stuck']);
});

test('by its number as well', async () => {
  const { system, stateOf } = await started();
  const { id, key } = await system.create(wanted, signal);
  expect(await system.stepTowards(key, 'in_progress', close, signal)).toBe('moved');
  await system.comment(key, { mark: 'd-1', text: 'x' }, signal);
  expect(await system.commentMarks(key, signal)).toEqual(['d-1']);
  expect(await stateOf(id)).toBe('-4');
  expect(await faultOf(system.comment('CHG9', { mark: 'd-1', text: 'x' }, signal))).toMatchObject({
    fault: 'not_found',
  });
});

test('a change that did not succeed is closed so', async () => {
  const { system, url } = await started();
  const { id } = await system.create(wanted, signal);
  await putRecords(url, { table: 'change_request', values: { sys_id: id, state: '0' } });
  const notes = { successful: false, notes: 'refused' };
  expect(await system.stepTowards(id, 'done', notes, signal)).toBe('moved');
  expect((await recordsOf(url, 'change_request'))[0]).toMatchObject({
    state: '3',
    close_code: 'unsuccessful',
  });
});

test('a change is cancelled, before its review', async () => {
  const { system, go, stateOf, url } = await started();
  const { id } = await system.create(wanted, signal);
  expect(await go(id, 'cancelled')).toEqual(['moved', 'there']);
  expect(await stateOf(id)).toBe('4');
  await putRecords(url, { table: 'change_request', values: { sys_id: id, state: '0' } });
  expect(await go(id, 'cancelled')).toEqual(['stuck']);
});

test('on hold it goes nowhere but to its cancelling', async () => {
  const { system, go, url } = await started();
  const { id } = await system.create(wanted, signal);
  await putRecords(url, { table: 'change_request', values: { sys_id: id, on_hold: 'true' } });
  expect(await go(id, 'in_progress')).toEqual(['stuck']);
  // Also where the instance names other steps.
  const body = { result: { available_states: ['-4', '4', '-5'] } };
  await steer(url, 'POST', 'faults', [{ kind: 'status', path: 'nextstates', status: 200, body }]);
  expect(await go(id, 'in_progress')).toEqual(['stuck']);
  expect((await callsOf(url)).filter(({ method }) => method === 'PATCH')).toEqual([]);
  await steer(url, 'DELETE', 'faults');
  expect(await go(id, 'cancelled')).toEqual(['moved', 'there']);
});

test.each([true, false])('without its approval it waits (models: %s)', async (hasModels) => {
  const { system, go, stateOf, url } = await started({ settings: { needsApproval: true, hasModels } });
  const { id } = await system.create(wanted, signal);
  expect((await go(id, 'in_progress')).at(-1)).toBe('stuck');
  expect(await stateOf(id)).toBe('-3');
  await putRecords(url, { table: 'change_request', values: { sys_id: id, approval: 'approved' } });
  expect((await go(id, 'in_progress')).at(-1)).toBe('there');
});

test.each([
  ['answered 200 as if it were taken', { kind: 'unchanged', method: 'PATCH' }],
  [
    'refused by a rule',
    {
      kind: 'status',
      method: 'PATCH',
      status: 403,
      body: { error: { message: 'Operation against file change_request was aborted by Business Rule x' } },
    },
  ],
])('a step that is not taken is stuck: %s', async (_what, fault) => {
  const { system, stateOf, url } = await started();
  const { id } = await system.create(wanted, signal);
  await steer(url, 'POST', 'faults', [fault]);
  expect(await system.stepTowards(id, 'in_progress', close, signal)).toBe('stuck');
  expect(await stateOf(id)).toBe('-5');
});

test('taken, and answered 500: the next look finds it taken', async () => {
  const { system, stateOf, url } = await started();
  const { id } = await system.create(wanted, signal);
  await steer(url, 'POST', 'faults', [{ kind: 'applied_then_500', method: 'PATCH' }]);
  expect(await faultOf(system.stepTowards(id, 'in_progress', close, signal))).toMatchObject({
    fault: 'failed',
  });
  expect(await stateOf(id)).toBe('-4');
  expect(await system.stepTowards(id, 'in_progress', close, signal)).toBe('moved');
  expect(await stateOf(id)).toBe('-3');
});

test('a login without rights to write is denied, and that is no refused step', async () => {
  const { system, url } = await started();
  const { id } = await system.create(wanted, signal);
  const roles = ['sn_change_read'];
  await steer(url, 'PUT', 'users', [{ userName: 'countersign', password: 'writer-secret', roles }]);
  expect(await faultOf(system.stepTowards(id, 'in_progress', close, signal))).toMatchObject({
    fault: 'denied',
    httpStatus: 403,
  });
});

test('whose account it is, is asked once', async () => {
  const { system, url } = await started();
  await system.find('cs-1', signal);
  await system.create(wanted, signal);
  await system.find('cs-1', signal);
  const asked = (await callsOf(url)).filter(({ path }) => path === '/api/now/table/sys_user');
  expect(asked).toHaveLength(1);
});

test('settings without a login that writes, or without how to make a ticket', async () => {
  const { url } = await started();
  const dependencies = { fetch, secret: 'x' };
  const bare = settingsOf(url, { write: undefined });
  expect(() => makeServiceNowSystem('snow', bare, dependencies)).toThrow(
    expect.objectContaining({ fault: 'refused' }),
  );
  const { system } = await started({}, { create: undefined });
  expect(await faultOf(system.create(wanted, signal))).toMatchObject({ fault: 'refused' });
});
