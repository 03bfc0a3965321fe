import { afterAll, beforeAll, expect, test } from 'vitest';
import { onePolicy } from '../../policies/load.ts';
import { decide, inMs, stepsOf, post } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { policyWith } from '../support/policy.ts';
import { changeThat, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { ticketRule } from '../support/ticket.ts';
import { localJira } from '../tickets/jira/local-jira.ts';
import type { LocalJira } from '../tickets/jira/local-jira.ts';

/* The gate with Jira's own reader, on a local Jira. */

const hour = 3_600_000;
const ticket = ticketRule({
  projects: ['OPS'],
  types: ['Change'],
  states: ['Open', 'In Progress'],
  sameTarget: { field: 'Certificate', member: 'sn' },
  window: { start: 'Planned start', end: 'Planned end' },
  approved: true,
});
let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;
let jira: LocalJira;

beforeAll(async () => {
  [testbed, jira] = await Promise.all([startTestbed(), localJira('cloud', { approvals: true })]);
  [api, workers] = await Promise.all([
    startApi(testbed, { policies: onePolicy(policyWith({ name: 'ticketed', ticket })) }),
    startWorkers(testbed, { tickets: () => ({ jira: jira.reader }), gateLongestMs: 1000 }),
  ]);
  steps = stepsOf(api);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await jira.stop();
  await testbed.stop();
});

async function ticketed(key: string, status = 'Open'): Promise<string> {
  const sn = await testbed.certificate();
  await jira.control('PUT', '/issues', {
    ...{ key, type: 'Change', status, creator: 'acc-pat', summary: 'line 4 moves' },
    approvals: approval('approved'),
    // As Jira writes times: the offset has no colon.
    custom: {
      customfield_10101: inMs(-hour).replace('Z', '+0000'),
      customfield_10102: inMs(hour).replace('Z', '+0000'),
      customfield_10103: sn,
    },
  });
  return sn;
}
const approval = (finalDecision: string) => [{ id: '1', name: 'CAB', finalDecision }];
const named = (id: string) => ({ ticket: { system: 'jira', id } });

test('an issue that is finished by hand after the approval: no call, and a call once it is open again', async () => {
  const sn = await ticketed('OPS-1');
  const asked = await steps.asked(sn, named('OPS-1'));
  expect(asked.ticketRead).toMatchObject({ verdict: null, ticket: { key: 'OPS-1', state: 'Open' } });
  await jira.byHand('OPS-1', 'In Progress');
  await jira.byHand('OPS-1', 'Done', 'Done');
  await decide(api.users.bob, asked);
  const held = await changeThat(api.users.bob, asked.id, ({ waitsFor }) => waitsFor?.kind === 'ticket');
  expect(held.waitsFor?.reason).toContain('OPS-1 is closed');
  expect(await testbed.calls(sn)).toEqual([]);
  await jira.byHand('OPS-1', 'Open');
  expect(await steps.ended(asked.id)).toMatchObject({ executionStatus: 'succeeded' });
});

test('an approval that is taken back in Jira Service Management: no call, and a call once it is given', async () => {
  const approvals = (finalDecision: string) =>
    jira.control('PUT', '/issues', { key: 'OPS-5', approvals: approval(finalDecision) });
  const sn = await ticketed('OPS-5');
  await approvals('pending');
  const early = await post(api.users.alice, sn, undefined, named('OPS-5'));
  expect((await steps.ended(early.id)).outcome).toMatchObject({ code: 'ticket_not_approved' });
  await approvals('approved');
  const asked = await steps.asked(sn, named('OPS-5'));
  await approvals('pending');
  await decide(api.users.bob, asked);
  const held = await changeThat(api.users.bob, asked.id, ({ waitsFor }) => waitsFor?.kind === 'ticket');
  expect(held.waitsFor?.reason).toContain('OPS-5 is not approved in jira');
  expect(await testbed.calls(sn)).toEqual([]);
  await approvals('approved');
  expect(await steps.ended(asked.id)).toMatchObject({ executionStatus: 'succeeded' });
});

test('a login that is not accepted any more holds the call', async () => {
  const sn = await ticketed('OPS-2');
  const asked = await steps.asked(sn, named('OPS-2'));
  await jira.faults({ kind: 'status', status: 401, times: 1000 });
  await decide(api.users.bob, asked);
  const held = await changeThat(api.users.bob, asked.id, ({ waitsFor }) => waitsFor?.kind === 'ticket');
  expect(held.waitsFor?.reason).toContain('jira: ');
  expect(await testbed.calls(sn)).toEqual([]);
  await jira.control('DELETE', '/faults');
  expect(await steps.ended(asked.id)).toMatchObject({ executionStatus: 'succeeded' });
});

test('an issue on hold, one that is not there, and a name that is none refuse the change', async () => {
  const sn = await ticketed('OPS-3', 'On Hold');
  for (const [id, code] of [
    ['OPS-3', 'ticket_on_hold'],
    ['OPS-404', 'ticket_not_found'],
    ['../OPS-1', 'ticket_not_found'],
  ] as const) {
    const { id: changeId } = await post(api.users.alice, sn, undefined, named(id));
    expect((await steps.ended(changeId)).outcome).toMatchObject({ code });
  }
});
