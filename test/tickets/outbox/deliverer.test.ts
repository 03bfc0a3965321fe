import { afterEach, beforeEach, expect, test } from 'vitest';
import { fourEyes } from '../../../domain/four-eyes.ts';
import { honest } from '../../support/honest.ts';
import { replayDeadLetters } from '../../../store/replay-dead-letters.ts';
import { listDeadLetters } from '../../../store/list-dead-letters.ts';
import { activateSubscription } from '../../../store/activate-subscription.ts';
import { getSubscription } from '../../../store/get-subscription.ts';
import type { Outcome } from '../../../tickets/outbox/deliver-row.ts';
import type { Sink } from '../../../tickets/sink.ts';
import { startHookServer } from '../webhook/hook-server.ts';
import type { Hook, HookServer } from '../webhook/hook-server.ts';
import { hookSink, startOutboxTestbed, until } from './outbox-testbed.ts';
import type { OutboxTestbed, Told } from './outbox-testbed.ts';

let testbed: OutboxTestbed;
const servers: HookServer[] = [];
beforeEach(async () => {
  testbed = await startOutboxTestbed();
});
afterEach(async () => {
  await testbed.stop();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function hooks(...options: Parameters<typeof startHookServer>): Promise<HookServer> {
  const server = await startHookServer(...options);
  servers.push(server);
  return server;
}

const dataOf = ({ json }: Hook) => json['data'] as { index: number; change: { id: string } };
const changeOf = (hook: Hook) => dataOf(hook).change.id;
const indexesOf = (received: readonly Hook[], { id }: Told) =>
  received.filter((hook) => changeOf(hook) === id).map((hook) => dataOf(hook).index);
const ascending = (indexes: readonly number[]) => [...indexes].sort((a, b) => a - b);

test('every entry of a change comes once and in order, to those whose filter lets it pass', async () => {
  await testbed.subscribe(
    { name: 'all' },
    { name: 'attempts', filter: { types: ['attempt.*'] } },
    { name: 'elsewhere', filter: { scope: { regionId: ['cn-beijing'] } } },
    { name: 'here', filter: { scope: { regionId: ['cn-hang*'] } } },
  );
  const [all, attempts, elsewhere, here] = await Promise.all([hooks(), hooks(), hooks(), hooks()]);
  testbed.deliver({
    all: hookSink(all.url),
    attempts: hookSink(attempts.url),
    elsewhere: hookSink(elsewhere.url),
    here: hookSink(here.url),
  });
  const changes = await testbed.ask(10);
  await testbed.add(changes);
  await testbed.add(changes);
  await until(
    () => all.received.length === 30 && attempts.received.length === 20 && here.received.length === 30,
  );
  for (const change of changes) {
    const indexes = indexesOf(all.received, change);
    expect(indexes).toHaveLength(3);
    expect(indexes).toEqual(ascending(indexes));
    expect(indexesOf(attempts.received, change)).toEqual(indexes.slice(1));
  }
  expect(elsewhere.received).toEqual([]);
});

test('entries of no change come in order to webhooks that ask for them by type, and to nobody else', async () => {
  await testbed.subscribe(
    { name: 'all' },
    { name: 'freezes', filter: { types: ['freeze.*'] } },
    { name: 'everything', filter: { types: ['*'] } },
    { name: 'chat', filter: { types: ['*'] } },
  );
  const [all, freezes, everything] = await Promise.all([
    hooks(),
    // The second message comes only at the second try.
    hooks((nth) => (nth === 2 ? 500 : 200)),
    hooks(),
  ]);
  const seen: string[] = [];
  const chat: Sink = {
    deliver: ({ entries }) => {
      seen.push(...entries.map(({ body }) => body.type));
      return Promise.resolve(entries.length);
    },
  };
  const sinks = {
    all: hookSink(all.url),
    freezes: hookSink(freezes.url),
    everything: hookSink(everything.url),
    chat,
  };
  let at = Date.now();
  testbed.deliver(sinks, { now: () => at });
  await testbed.addBeyondChanges('freeze.declared', 'token.issued', 'audit.read', 'freeze.declared');
  const changes = await testbed.ask(1);
  await testbed.addBeyondChanges(...Array.from({ length: 25 }, () => 'freeze.declared' as const));
  await testbed.add(changes);
  await until(() => freezes.received.length >= 2);
  at += 60_000;
  // What was asked for of changes comes as well, and of those no policy's own entry but to who asked for all.
  await until(() => freezes.received.length === 28 && everything.received.length === 31 && seen.length === 2);
  const told = freezes.received.map(
    ({ json }) => json as { type: string; data: { index: number; freeze: object } },
  );
  expect(new Set(told.map(({ type }) => type))).toEqual(new Set(['freeze.declared']));
  expect(told[0]?.data).toEqual({
    index: 0,
    actor: { issuer: 'https://id.example', subject: 'adam', name: 'Adam' },
    freeze: { id: '1', reason: 'sale' },
  });
  const indexes = [...new Set(told.map(({ data }) => data.index))];
  expect(indexes).toEqual(ascending(indexes));
  expect(indexes).toHaveLength(27);
  expect(new Set(all.received.map(({ json }) => json['type']))).toEqual(
    new Set(['change.requested', 'attempt.started']),
  );
  expect(everything.received.map(({ json }) => json['type'])).not.toContain('audit.read');
});

test('more of a change than one delivery takes, most of which no filter lets pass, comes to its end', async () => {
  await testbed.subscribe({ name: 'all' }, { name: 'attempts', filter: { types: ['attempt.*'] } });
  const [all, attempts] = await Promise.all([hooks(), hooks()]);
  const [change] = (await testbed.ask(1)) as [Told];
  await testbed.add([change]);
  for (let n = 0; n < 45; n++) await testbed.add([change], 'ticket.checked');
  await testbed.add([change]);
  testbed.deliver({ all: hookSink(all.url), attempts: hookSink(attempts.url) });
  await until(() => all.received.length === 48 && attempts.received.length === 2);
  expect(indexesOf(all.received, change)).toEqual(ascending(indexesOf(all.received, change)));
});

test('a subscription begins with the first entry after it, and its changes are told whole', async () => {
  const [change] = (await testbed.ask(1)) as [Told];
  await testbed.subscribe({ name: 'late' });
  const seen: Parameters<Sink['deliver']>[0][] = [];
  testbed.deliver({
    late: {
      deliver(delivery) {
        seen.push(delivery);
        return Promise.resolve(delivery.entries.length);
      },
    },
  });
  await testbed.add([change]);
  await until(() => seen.length > 0);
  expect(seen[0]?.entries.map(({ body }) => body.type)).toEqual(['attempt.started']);
  expect(seen[0]?.history.map(({ body }) => body.type)).toEqual(['change.requested', 'attempt.started']);
  expect(seen[0]?.change).toMatchObject({ id: change.id, calls: { started: 1 } });
});

test('two deliverers at once deliver each entry once and in order', async () => {
  await testbed.subscribe({ name: 'one' }, { name: 'two' });
  const [one, two] = await Promise.all([hooks(), hooks()]);
  for (let n = 0; n < 2; n++) testbed.deliver({ one: hookSink(one.url), two: hookSink(two.url) });
  const changes = await testbed.ask(40);
  for (let n = 0; n < 4; n++) await testbed.add(changes);
  await until(() => one.received.length >= 200 && two.received.length >= 200);
  for (const { received } of [one, two]) {
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(200);
    expect(received).toHaveLength(200);
    for (const change of changes) {
      expect(indexesOf(received, change)).toEqual(ascending(indexesOf(received, change)));
    }
  }
});

test('a receiver that is dead, and one that is slow, delay nobody else', async () => {
  await testbed.subscribe({ name: 'dead' }, { name: 'fast' }, { name: 'hanging' }, { name: 'slow' });
  const [dead, fast, hanging, slow] = await Promise.all([
    hooks(() => 500),
    hooks(),
    hooks(() => null),
    hooks(() => new Promise((answer) => setTimeout(() => answer(200), 2000))),
  ]);
  testbed.deliver({
    dead: hookSink(dead.url),
    fast: hookSink(fast.url),
    hanging: hookSink(hanging.url),
    slow: hookSink(slow.url),
  });
  const changes = await testbed.ask(300);
  await until(() => fast.received.length === 300);
  // None of the others has all of them by then.
  expect(slow.received.length).toBeLessThan(300);
  expect(new Set(hanging.received.map(changeOf)).size).toBeLessThan(100);
  await testbed.add(changes.slice(0, 5));
  await until(() => fast.received.length === 305);
});

test('a receiver that no sink can be made of stops nobody else', async () => {
  await testbed.subscribe({ name: 'broken' }, { name: 'hook' });
  const server = await hooks();
  const sink = hookSink(server.url);
  const warned: unknown[] = [];
  testbed.deliver(
    {},
    {
      sinkOf({ name }) {
        if (name === 'broken') throw new TypeError('a secret that is none');
        return sink;
      },
      log: { warn: (what: object) => warned.push(what) },
    },
  );
  await testbed.ask(1);
  await until(() => server.received.length === 1);
  const [first] = warned;
  expect(first).toMatchObject({ subscription: 'broken' });
  await testbed.ask(1);
  await until(() => server.received.length === 2);
  expect(warned).toEqual([first]);
});

test('dead for a day: a dead letter, behind which what comes later waits, and a replay in order', async () => {
  let isDead = true;
  const server = await hooks(() => (isDead ? 503 : 200));
  await testbed.subscribe({ name: 'hook' });
  let shiftMs = 0;
  const outcomes: Outcome[] = [];
  testbed.deliver(
    { hook: hookSink(server.url) },
    { now: () => Date.now() + shiftMs, onOutcome: (_name, outcome) => outcomes.push(outcome) },
  );
  const [change, other] = (await testbed.ask(2)) as [Told, Told];
  const isDeadLetter = async () => (await testbed.row('hook', change.id))?.dead === true;
  // An hour passes after each failure.
  let hours = 0;
  while (!(await isDeadLetter())) {
    const before = outcomes.length;
    await until(async () => outcomes.length >= before + 2 || (await isDeadLetter()));
    shiftMs += 3_600_000;
    hours += 1;
    expect(hours).toBeLessThan(40);
  }
  expect(hours).toBeGreaterThanOrEqual(24);
  await until(async () => (await testbed.row('hook', other.id))?.dead === true);
  isDead = false;
  const came = server.received.length;
  await testbed.add([change]);
  const alive = (await testbed.ask(1)) as [Told];
  await until(() => server.received.length === came + 1);
  expect(server.received.at(-1)).toSatisfy((hook: Hook) => changeOf(hook) === alive[0].id);
  const letters = await listDeadLetters(testbed.pool('api'), 'hook', null, 10);
  expect(letters.map(({ changeId, why }) => ({ changeId, why }))).toEqual([
    { changeId: change.id, why: 'answered 503' },
    { changeId: other.id, why: 'answered 503' },
  ]);
  const [letter] = letters;
  expect(letter).toMatchObject({ from: 1, to: 3 });

  const now = new Date(Date.now() + shiftMs).toISOString();
  expect(await replayDeadLetters(testbed.pool('api'), 'hook', { changeId: change.id }, now)).toBe(1);
  await until(() => server.received.length === came + 3);
  expect(server.received.slice(-2).map((hook) => dataOf(hook).index)).toEqual([1, 3]);
  expect(await replayDeadLetters(testbed.pool('api'), 'hook', { from: 1, to: 2 }, now)).toBe(1);
  await until(() => server.received.length === came + 4);
  expect(await listDeadLetters(testbed.pool('api'), 'hook', null, 10)).toEqual([]);
});

test('a receiver that wants time is given it, for all of its changes', async () => {
  const server = await hooks((nth) => (nth <= 8 ? 429 : 200), { 'retry-after': '3600' });
  await testbed.subscribe({ name: 'hook' });
  let shiftMs = 0;
  const outcomes: Outcome[] = [];
  testbed.deliver(
    { hook: hookSink(server.url) },
    { laneLimit: 2, now: () => Date.now() + shiftMs, onOutcome: (_name, outcome) => outcomes.push(outcome) },
  );
  const changes = await testbed.ask(10);
  await until(() => outcomes.length > 0);
  const [first] = outcomes as [Outcome & { kind: 'failed' }];
  expect(first).toMatchObject({ kind: 'failed', pausesAll: true });
  expect(first.retryAtMs).toBeGreaterThan(Date.now() + 3_500_000);
  // At most what was under way comes before the pause is over.
  await testbed.add(changes);
  await until(async () => (await testbed.row('hook', changes[9]?.id ?? ''))?.wantedIndex === 20);
  expect(server.received.length).toBeLessThanOrEqual(2);
  while (server.received.length < 8 + 20) {
    shiftMs += 3_700_000;
    const before = outcomes.length;
    await until(() => outcomes.length > before);
  }
});

test('another deliverer gives it its time, too, until somebody ends that', async () => {
  let isBusy = true;
  const busy = await hooks(() => (isBusy ? 429 : 200), { 'retry-after': '3600' });
  const other = await hooks();
  await testbed.subscribe({ name: 'busy' }, { name: 'other' });
  const sinks = { busy: hookSink(busy.url), other: hookSink(other.url) };
  const api = testbed.pool('api');
  const first = testbed.deliver(sinks);
  await testbed.ask(1);
  const isPaused = async () => (await getSubscription(api, 'busy'))?.pausedUntil !== null;
  await until(isPaused);
  await first.stop();
  const pause = (await getSubscription(api, 'busy'))?.pausedUntil ?? '';
  expect(Date.parse(pause)).toBeGreaterThan(Date.now() + 3_000_000);
  testbed.deliver(sinks);
  const [change] = (await testbed.ask(1)) as [Told];
  await until(() => indexesOf(other.received, change).length === 1);
  // It has been round since: what is due for the other is taken together with what is due for this one.
  await testbed.add([change]);
  await until(() => indexesOf(other.received, change).length === 2);
  expect(indexesOf(busy.received, change)).toEqual([]);
  isBusy = false;
  expect(await activateSubscription(api, 'busy', new Date().toISOString())).toBe(true);
  await until(() => indexesOf(busy.received, change).length === 2);
  expect(await activateSubscription(api, 'busy', new Date().toISOString())).toBe(false);
});

test('a policy that somebody has edited stops the deliveries of its changes, and no others', async () => {
  const server = await hooks();
  await testbed.subscribe({ name: 'hook' });
  const [change] = (await testbed.ask(1)) as [Told];
  await testbed.pool('superuser').query(
    `do $$ declare rule text; begin
         alter table audit.entry disable trigger all;
         for rule in select conname from pg_catalog.pg_constraint where conrelid = 'audit.entry'::regclass and contype = 'c' loop
           execute format('alter table audit.entry drop constraint %I', rule);
         end loop;
         update audit.entry set bytes = 'no JSON' where type = 'policy.pinned';
       end $$`,
  );
  const [other] = (await testbed.ask(1, { policy: honest({ ...fourEyes, version: '2' }) })) as [Told];
  const warned: unknown[] = [];
  let shiftMs = 0;
  testbed.deliver(
    { hook: hookSink(server.url) },
    { now: () => Date.now() + shiftMs, log: { warn: (what: object) => warned.push(what) } },
  );
  await until(() => indexesOf(server.received, other).length === 1);
  const row = () => testbed.row('hook', change.id);
  await until(async () => (await row())?.attempts === 1);
  shiftMs = 90_000_000;
  await until(async () => (await row())?.dead === true);
  expect(server.received).toHaveLength(1);
  expect(warned).toEqual([]);
});

test('410: the subscription is disabled, and goes on once it is activated', async () => {
  let isGone = true;
  const server = await hooks(() => (isGone ? 410 : 200));
  await testbed.subscribe({ name: 'hook' });
  testbed.deliver({ hook: hookSink(server.url) });
  const changes = (await testbed.ask(1)) as [Told];
  const api = testbed.pool('api');
  await until(async () => (await getSubscription(api, 'hook'))?.state === 'disabled');
  expect((await getSubscription(api, 'hook'))?.disabledReason).toBe('answered 410');
  await testbed.add(changes);
  // Another change is asked for meanwhile, and the place in the log moves past it.
  const [other] = (await testbed.ask(1)) as [Told];
  await until(async () => {
    const { rows } = await testbed
      .pool('reader')
      .query<{ isSpread: boolean }>(
        'select c.next_index = h.size as "isSpread" from countersign.outbox_cursor c, audit.head h',
      );
    return rows[0]?.isSpread === true;
  });
  expect(server.received).toHaveLength(1);
  isGone = false;
  expect(await activateSubscription(api, 'hook', new Date().toISOString())).toBe(true);
  await until(() => server.received.some((hook) => dataOf(hook).index === 1 && hook !== server.received[0]));
  await until(() => indexesOf(server.received, other).length === 1);
});

test('what a sink keeps of a change is there next time, and also after a failure', async () => {
  await testbed.subscribe({ name: 'tickets' });
  const memories: unknown[] = [];
  testbed.deliver(
    {
      tickets: {
        async deliver(delivery) {
          const { memory, entries } = delivery;
          memories.push(memory);
          await delivery.remember({ ticket: memories.length });
          if (memories.length === 1) throw new TypeError('a defect, with a secret in its text');
          return entries.length;
        },
      },
    },
    {
      now: (() => {
        let t = Date.now();
        return () => (t += 60_000);
      })(),
    },
  );
  const [change] = (await testbed.ask(1)) as [Told];
  await until(() => memories.length === 2);
  await testbed.add([change]);
  await until(() => memories.length === 3);
  expect(memories).toEqual([null, { ticket: 1 }, { ticket: 2 }]);
});

test('an error of ours is kept by its name alone', async () => {
  await testbed.subscribe({ name: 'tickets' });
  testbed.deliver({
    tickets: { deliver: () => Promise.reject(new TypeError('https://secret.example/?token=1')) },
  });
  const [change] = (await testbed.ask(1)) as [Told];
  await until(async () => typeof (await testbed.row('tickets', change.id))?.lastError === 'string');
  expect((await testbed.row('tickets', change.id))?.lastError).toBe('an error of ours: TypeError');
});

test('a stop gives back what is under way, and whoever comes next delivers it', async () => {
  const server = await hooks((nth) => (nth === 1 ? null : 200));
  await testbed.subscribe({ name: 'hook' });
  const first = testbed.deliver({ hook: hookSink(server.url) });
  const [change] = (await testbed.ask(1)) as [Told];
  await until(() => server.received.length === 1);
  await first.stop();
  expect(await testbed.row('hook', change.id)).toMatchObject({ attempts: 0, lastIndex: 0 });
  testbed.deliver({ hook: hookSink(server.url) });
  await until(() => server.received.length === 2);
  const [a, b] = server.received;
  expect([b?.headers['webhook-id'], b?.body]).toEqual([a?.headers['webhook-id'], a?.body]);
});
