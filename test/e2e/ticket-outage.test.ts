import { afterAll, beforeAll, expect, test } from 'vitest';
import { onePolicy } from '../../policies/load.ts';
import { decide, inMs, stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { policyWith } from '../support/policy.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { startTicketSystem } from '../support/ticket-system.ts';
import type { TestTicketSystem } from '../support/ticket-system.ts';
import { ticketRule } from '../support/ticket.ts';
import { startTimeSkipping } from '../support/time-skipping.ts';

/* A ticket system that is away for long, on a server that skips the time. */

const hour = 3_600_000;
let server: Awaited<ReturnType<typeof startTimeSkipping>>;
let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;
let system: TestTicketSystem;

beforeAll(async () => {
  [server, system] = await Promise.all([startTimeSkipping(), startTicketSystem()]);
  testbed = await startTestbed({ temporalAddress: server.address, namespace: 'default' });
  [api, workers] = await Promise.all([
    startApi(testbed, { policies: onePolicy(policyWith({ name: 'ticketed', ticket: ticketRule() })) }),
    startWorkers(testbed, { tickets: () => ({ jira: system.reader('jira') }) }),
  ]);
  steps = stepsOf(api);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await system.close();
  await testbed.stop();
  await server.stop();
});

test('the ticket system is down for an hour: no call, and then the call', async () => {
  const sn = await testbed.certificate();
  system.put('OPS-1');
  const asked = await steps.asked(sn, {
    ticket: { system: 'jira', id: 'OPS-1' },
    executeBy: inMs(9 * hour),
  });
  await system.fail({ kind: 'status', status: 503 });
  await decide(api.users.bob, asked);
  await changeThat(api.users.bob, asked.id, ({ waitsFor }) => waitsFor?.kind === 'ticket');
  await server.skip(1);
  expect(await api.users.bob.change(asked.id)).toMatchObject({ executionStatus: 'scheduled', attempts: [] });
  expect(await testbed.calls(sn)).toEqual([]);
  // Asked again every 15 s, and not more often.
  const { calls } = (await (await fetch(`${system.url}/_sim/calls`)).json()) as { calls: object[] };
  expect(calls.length).toBeGreaterThan(10);
  expect(calls.length).toBeLessThan(400);
  await system.mend();
  await eventually(async () => {
    await server.skip(1 / 30);
    return (await api.users.bob.change(asked.id)).closedAt;
  });
  expect(await steps.ended(asked.id)).toMatchObject({ executionStatus: 'succeeded' });
  expect(await testbed.calls(sn)).toHaveLength(1);
});
