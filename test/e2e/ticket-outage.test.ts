import { afterAll, beforeAll, expect, test } from 'vitest';
import { onePolicy } from '../../policies/load.ts';
import { decide, inMs, journeyOf } from '../support/journey.ts';
import type { Journey } from '../support/journey.ts';
import { policyWith } from '../support/policy.ts';
import { changeThat, eventually, startApi, startGround, startWorkers } from '../support/service.ts';
import type { Ground } from '../support/service.ts';
import { startTicketSystem } from '../support/ticket-system.ts';
import type { TestTicketSystem } from '../support/ticket-system.ts';
import { ticketRule } from '../support/ticket.ts';
import { startTimeSkipping } from '../support/time-skipping.ts';

/* A ticket system that is away for long, on a server that skips the time. */

const hour = 3_600_000;
let server: Awaited<ReturnType<typeof startTimeSkipping>>;
let ground: Ground;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let journey: Journey;
let system: TestTicketSystem;

beforeAll(async () => {
  [server, system] = await Promise.all([startTimeSkipping(), startTicketSystem()]);
  ground = await startGround({ temporalAddress: server.address, namespace: 'default' });
  [api, workers] = await Promise.all([
    startApi(ground, { policies: onePolicy(policyWith({ name: 'ticketed', ticket: ticketRule() })) }),
    startWorkers(ground, { tickets: { jira: system.reader('jira') } }),
  ]);
  journey = journeyOf(api);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await system.close();
  await ground.stop();
  await server.stop();
});

test('the ticket system is down for an hour: no call, and then the call', async () => {
  const sn = await ground.certificate();
  system.put('OPS-1');
  const asked = await journey.asked(sn, {
    ticket: { system: 'jira', id: 'OPS-1' },
    executeBy: inMs(9 * hour),
  });
  await system.fail({ kind: 'status', status: 503 });
  await decide(api.users.bob, asked);
  await changeThat(api.users.bob, asked.id, ({ waitsFor }) => waitsFor?.kind === 'ticket');
  await server.skip(1);
  expect(await api.users.bob.change(asked.id)).toMatchObject({ executionStatus: 'scheduled', attempts: [] });
  expect(await ground.calls(sn)).toEqual([]);
  // Asked again every 15 s, and not more often.
  const { calls } = (await (await fetch(`${system.url}/_sim/calls`)).json()) as { calls: object[] };
  expect(calls.length).toBeGreaterThan(10);
  expect(calls.length).toBeLessThan(400);
  await system.mend();
  await eventually(async () => {
    await server.skip(1 / 30);
    return (await api.users.bob.change(asked.id)).closedAt;
  });
  expect(await journey.ended(asked.id)).toMatchObject({ executionStatus: 'succeeded' });
  expect(await ground.calls(sn)).toHaveLength(1);
});
