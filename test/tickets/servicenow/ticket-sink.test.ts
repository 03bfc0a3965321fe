import { afterEach, expect, test } from 'vitest';
import type { RestEndpoint } from '../../../simulator/rest-endpoint.ts';
import { startServiceNow } from '../../../simulator/servicenow/server.ts';
import type { Settings } from '../../../simulator/servicenow/settings.ts';
import { makeServiceNowSystem } from '../../../tickets/servicenow/system.ts';
import { makeTicketSink } from '../../../tickets/ticket-sink.ts';
import { changeStory } from '../../audit/change-story.ts';
import { putRecords, recordsOf, steer } from '../../simulator/servicenow/control.ts';
import { reportsOf, subscriptionOf } from '../delivery.ts';
import { faultOf, secrets, settingsOf } from './settings-of.ts';

class Killed extends Error {}

const hourMs = 3_600_000;
const running: RestEndpoint[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((endpoint) => endpoint.close()));
});

/** A local ServiceNow, one change, and sinks whose clock can be moved. */
async function testbed(settings: Partial<Settings> = {}) {
  const endpoint = await startServiceNow({ settings });
  running.push(endpoint);
  const { url } = endpoint;
  const create = { type: 'standard', template: 'a'.repeat(32) };
  const subscription = subscriptionOf();
  const reports = reportsOf();
  let clock = Date.now();
  const sinkWith = (fetchOf: typeof fetch) =>
    makeTicketSink({
      name: 'snow',
      system: makeServiceNowSystem('snow', settingsOf(url, { create }), {
        fetch: fetchOf,
        secret: secrets.writer,
      }),
      create: true,
      linkOf: (id) => `https://countersign.example/changes/${id}`,
      append: reports.append,
      holdersOf: () => Promise.resolve([]),
      now: () => clock,
    });
  const story = changeStory();
  return {
    url,
    story,
    subscription,
    reports,
    sinkWith,
    later: (ms: number) => (clock += ms),
    whole: () => [
      story.requested(),
      story.prechecked(),
      story.approved(),
      story.scheduled(),
      story.started(),
      story.ended('succeeded'),
      story.closed(),
    ],
    deliver: () => subscription.deliver(sinkWith(fetch)),
  };
}

/** What the notes on all tickets say first. */
async function notesOn(url: string): Promise<(string | undefined)[]> {
  return (await recordsOf(url, 'sys_journal_field')).map(({ value = '' }) => value.split('\n')[0]);
}

const allNotes = [
  expect.stringContaining('https://countersign.example/') as string,
  'Approved by bob, round 1.',
  expect.stringContaining('Outcome: succeeded') as string,
];

test('a change’s ticket is made, commented, and closed with its outcome', async () => {
  const { url, subscription, whole, deliver, reports } = await testbed();
  for (const body of whole()) {
    subscription.add(body);
    await deliver();
  }
  const [ticket, ...others] = await recordsOf(url, 'change_request');
  expect(others).toEqual([]);
  expect(ticket).toMatchObject({ state: '3', close_code: 'successful' });
  expect(ticket?.['close_notes']).toContain('Outcome: succeeded');
  expect(await notesOn(url)).toEqual(allNotes);
  expect(reports.linked.size).toBe(1);
  expect(reports.diverged.size).toBe(0);
});

test.each([
  { when: 'before', lagMs: 0 },
  { when: 'after', lagMs: 0 },
  { when: 'after', lagMs: hourMs },
] as const)(
  'killed $when any request or memory, with a search $lagMs ms behind: one ticket, each note once',
  async ({ when, lagMs }) => {
    let nth = 1;
    for (let isOver = false; !isOver && nth < 90; nth += 1) {
      const { url, subscription, whole, sinkWith, reports, later } = await testbed({ lagMs });
      let effects = 0;
      const life = { isDead: false };
      const effect = (): boolean => {
        if (life.isDead) throw new Killed();
        effects += 1;
        life.isDead = effects === nth;
        if (life.isDead && when === 'before') throw new Killed();
        return life.isDead;
      };
      const dyingFetch: typeof fetch = async (...asked) => {
        const isLast = effect();
        const answer = await fetch(...asked);
        if (isLast) throw new Killed();
        return answer;
      };
      subscription.add(...whole());
      await subscription.deliver(sinkWith(dyingFetch), effect).catch(() => undefined);
      isOver = !life.isDead;
      if (life.isDead) {
        subscription.replay();
        // While the search lags nothing may be made a second time.
        await subscription.deliver(sinkWith(fetch)).catch(() => undefined);
        expect((await recordsOf(url, 'change_request')).length).toBeLessThanOrEqual(1);
        await steer(url, 'PUT', 'settings', { lagMs: 0 });
        later(hourMs);
        subscription.replay();
        await subscription.deliver(sinkWith(fetch));
      }
      const tickets = await recordsOf(url, 'change_request');
      expect(tickets, `effect ${nth}`).toMatchObject([{ state: '3', close_code: 'successful' }]);
      expect(await notesOn(url), `effect ${nth}`).toEqual(allNotes);
      expect([reports.linked.size, reports.diverged.size], `effect ${nth}`).toEqual([1, 0]);
      await Promise.all(running.splice(0).map((endpoint) => endpoint.close()));
    }
    // There are so many effects that the test is worth something.
    expect(nth).toBeGreaterThan(30);
    expect(nth).toBeLessThan(90);
  },
);

test('a ticket that somebody holds waits with its change, and is closed when it is free', async () => {
  const { url, subscription, story, deliver, reports } = await testbed();
  subscription.add(story.requested(), story.prechecked());
  await deliver();
  const [ticket] = await recordsOf(url, 'change_request');
  const hold = (held: string) =>
    putRecords(url, { table: 'change_request', values: { sys_id: ticket?.['sys_id'] ?? '', on_hold: held } });
  await hold('true');
  subscription.add(story.approved(), story.scheduled(), story.started(), story.ended('succeeded'));
  await deliver();
  expect((await recordsOf(url, 'change_request'))[0]?.['state']).toBe('-5');
  subscription.add(story.closed());
  expect(await faultOf(deliver())).toMatchObject({ fault: 'conflict' });
  expect([...reports.diverged.values()]).toMatchObject([{ why: 'no_step', wanted: 'done' }]);
  await hold('false');
  await deliver();
  expect((await recordsOf(url, 'change_request'))[0]?.['state']).toBe('3');
});

test('a step that is refused without a word is found and told', async () => {
  const { url, subscription, whole, deliver, reports } = await testbed({ refusal: 'silent' });
  await steer(url, 'POST', 'faults', [{ kind: 'unchanged', method: 'PATCH', times: 40 }]);
  subscription.add(...whole());
  expect(await faultOf(deliver())).toMatchObject({ name: 'RemoteError' });
  expect((await recordsOf(url, 'change_request'))[0]?.['state']).toBe('-5');
  expect(reports.diverged.size).toBe(1);
  await steer(url, 'DELETE', 'faults');
  await deliver();
  expect((await recordsOf(url, 'change_request'))[0]?.['state']).toBe('3');
});
