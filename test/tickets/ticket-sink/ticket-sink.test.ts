import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EntryBody } from '../../../domain/entry.ts';
import { fourEyes } from '../../../domain/four-eyes.ts';
import type { RestFault } from '../../../simulator/rest-endpoint.ts';
import type { TicketSystem } from '../../../tickets/ticket-system.ts';
import { makeTicketSink } from '../../../tickets/ticket-sink.ts';
import { ticketRule } from '../../support/ticket.ts';
import { changeStory } from '../../audit/change-story.ts';
import { reportsOf, subscriptionOf } from '../delivery.ts';
import { localJira, writing } from '../jira/local-jira.ts';
import type { LocalJira } from '../jira/local-jira.ts';

let jira: LocalJira;
beforeEach(async () => {
  jira = await localJira();
});
afterEach(() => jira.stop());

const lagMs = 5000;
const settledMs = lagMs + 15_000;

/** A change, its subscription and a sink; `later` moves the sink's clock. */
function testbed(story = changeStory(), { create = true } = {}) {
  const subscription = subscriptionOf();
  const reports = reportsOf();
  let clock = Date.parse('2026-11-29T12:00:00Z');
  let holders: readonly string[] = [];
  const asked: (readonly string[])[] = [];
  const sinkWith = (more: Partial<TicketSystem> = {}) =>
    makeTicketSink({
      name: 'jira',
      system: { ...jira.system, ...more },
      create,
      linkOf: (id) => `https://countersign.example/changes/${id}`,
      append: reports.append,
      holdersOf(names) {
        asked.push(names);
        return Promise.resolve(holders);
      },
      now: () => clock,
    });
  const sink = sinkWith();
  return {
    /** The open changes that hold the ticket from now on. */
    hold: (...ids: readonly string[]) => (holders = ids),
    /** By which names it was asked who holds the ticket. */
    asked,
    sinkWith,
    story,
    subscription,
    reports,
    sink,
    later: (ms: number) => (clock += ms),
    tell: async (...bodies: EntryBody[]): Promise<void> => {
      subscription.add(...bodies);
      await subscription.deliver(sink);
    },
  };
}

const never = new AbortController().signal;
const only = async () => {
  const issues = await jira.issues();
  expect(issues).toHaveLength(1);
  return issues[0] as (typeof issues)[number];
};
/** A story whose policy's ticket rule has the change hold its ticket. */
const heldStory = (system = 'jira') =>
  changeStory({ policy: { ...fourEyes, ticket: ticketRule({ system }) } });
const named = (key: string) => ({ ticket: { system: 'jira', id: key, url: null } });

test.each(['cloud', 'data_center'] as const)(
  '%s: a change’s ticket is made, follows it, and ends',
  async (deployment) => {
    await jira.stop();
    jira = await localJira(deployment);
    const { story, subscription, reports, tell } = testbed();
    await tell(story.requested());
    const made = await only();
    expect(made).toMatchObject({ key: 'OPS-1', status: 'Open', creator: writing.accountId });
    expect(made.labels).toEqual([`countersign-${story.changeId}`]);
    expect(made.remoteLinks[0]?.object.url).toBe(`https://countersign.example/changes/${story.changeId}`);
    expect(made.description).toContain('> why');
    expect([...reports.linked]).toEqual([[made.id, true]]);

    await tell(story.prechecked());
    expect((await only()).comments).toEqual([]);
    await tell(story.approved());
    expect((await only()).comments.map(({ text }) => text)).toEqual([
      expect.stringContaining('Approved by bob, round 1.\n> seen'),
    ]);
    await tell(story.scheduled());
    expect((await only()).status).toBe('In Progress');
    const failed = story.ended('failed', 1);
    const succeeded = story.ended('succeeded', 2);
    await tell(story.started(1), failed, story.started(2), succeeded, story.closed());
    const ended = await only();
    expect(ended).toMatchObject({ status: 'Done', resolution: 'Done' });
    const outcome = ended.comments.at(-1)?.text ?? '';
    expect(outcome).toContain('Outcome: succeeded');
    for (const { attempt } of [failed, succeeded] as unknown as { attempt: { requestId: string } }[]) {
      expect(outcome).toContain(attempt.requestId);
    }
    expect(outcome).toContain(`https://countersign.example/changes/${story.changeId}`);
    expect(reports.diverged.size).toBe(0);
    for (const memory of subscription.kept) expect(JSON.stringify(memory).length).toBeLessThan(300);
  },
);

test.each<[string, (story: ReturnType<typeof changeStory>) => EntryBody[], string, string | null]>([
  [
    'rejected',
    (s) => [s.rejected(), s.closed('rejected', 'not_started', 'rejected')],
    'Cancelled',
    "Won't Do",
  ],
  [
    'withdrawn',
    (s) => [s.withdrawn(), s.closed('withdrawn', 'not_started', 'withdrawn')],
    'Cancelled',
    "Won't Do",
  ],
  [
    'failed',
    (s) => [
      s.approved(),
      s.scheduled(),
      s.started(),
      s.ended('failed'),
      s.closed('approved', 'failed', 'Forbidden'),
    ],
    'Done',
    'Done',
  ],
  [
    'abandoned',
    (s) => [
      s.approved(),
      s.scheduled(),
      s.operator('abandon'),
      s.closed('approved', 'cancelled', 'abandoned'),
    ],
    'Cancelled',
    "Won't Do",
  ],
  [
    'of an unknown outcome',
    (s) => [
      s.approved(),
      s.scheduled(),
      s.started(),
      s.ended('unknown'),
      s.closed('approved', 'outcome_unknown'),
    ],
    'In Progress',
    null,
  ],
])('a change that is %s ends its ticket as that', async (_name, rest, status, resolution) => {
  const { story, tell } = testbed();
  await tell(story.requested(), story.prechecked(), ...rest(story));
  expect(await only()).toMatchObject({ status, resolution });
});

test('a ticket that the change names is linked and updated, and none is made', async () => {
  await jira.control('PUT', '/issues', { key: 'OPS-7', creator: 'acc-pat', status: 'In Progress' });
  const { story, reports, tell } = testbed(heldStory());
  await tell(story.requested(named('OPS-7')), story.prechecked(), story.approved());
  // It is further than the change: that is its people's business.
  expect(await only()).toMatchObject({
    key: 'OPS-7',
    status: 'In Progress',
    comments: [{ author: 'acc-writer' }],
  });
  expect([...reports.linked.values()]).toEqual([false]);
  await tell(story.scheduled(), story.started(), story.ended('succeeded'), story.closed());
  expect((await only()).status).toBe('Done');
});

test.each<[string, () => ReturnType<typeof changeStory>, boolean]>([
  ['whose policy has no ticket rule', () => changeStory(), true],
  ['whose policy asks for a ticket of another system', () => heldStory('servicenow'), true],
  ['that was withdrawn before its ticket was judged', () => heldStory(), false],
])('a change %s does not move the ticket that it names', async (_name, storyOf, isPrechecked) => {
  await jira.control('PUT', '/issues', { key: 'OPS-7', creator: 'acc-pat', status: 'In Progress' });
  const { story, reports, tell } = testbed(storyOf());
  await tell(story.requested(named('OPS-7')));
  if (isPrechecked) await tell(story.prechecked(), story.approved());
  await tell(story.withdrawn(), story.closed('withdrawn', 'not_started', 'withdrawn'));
  const issue = await only();
  expect(issue).toMatchObject({ status: 'In Progress', remoteLinks: [{}] });
  expect(issue.comments.at(-1)?.text).toContain('Outcome: withdrawn');
  expect(reports.diverged.size).toBe(0);
});

test('a ticket that another open change holds by now is not moved, and is when it is given back', async () => {
  await jira.control('PUT', '/issues', { key: 'OPS-7', creator: 'acc-pat', status: 'Open' });
  const { story, subscription, sink, reports, tell, hold, asked } = testbed(heldStory());
  hold(story.changeId);
  await tell(story.requested(named('OPS-7')), story.prechecked(), story.approved(), story.scheduled());
  expect((await only()).status).toBe('In Progress');
  // The next change has begun before this one's end is delivered.
  hold('another');
  await tell(story.started(), story.ended('succeeded'), story.closed());
  const issue = await only();
  expect(issue.status).toBe('In Progress');
  expect(issue.comments.at(-1)?.text).toContain('Outcome: succeeded');
  expect(asked.at(-1)).toEqual([issue.id, 'OPS-7']);
  // A transient claim under another name of the ticket does not take it away.
  hold('another', story.changeId);
  subscription.replay();
  await subscription.deliver(sink);
  expect((await only()).status).toBe('Done');
  expect(reports.diverged.size).toBe(0);
});

test('a ticket that the change names and nobody finds is told, and none is made instead', async () => {
  const { story, tell } = testbed();
  await expect(tell(story.requested(named('OPS-7')))).rejects.toMatchObject({ fault: 'not_found' });
  expect(await jira.issues()).toEqual([]);
});

test('where nothing is to be made, nothing is done', async () => {
  const { story, tell } = testbed(changeStory(), { create: false });
  await tell(
    story.requested({ ticket: { system: 'servicenow', id: 'CHG1', url: null } }),
    story.prechecked(),
  );
  expect(await jira.calls()).toEqual([]);
});

test('everything again, with or without what was kept, doubles nothing', async () => {
  const { story, subscription, sink, tell } = testbed();
  await tell(story.requested(), story.prechecked(), story.approved(), story.scheduled(), story.started());
  await tell(story.ended('succeeded'), story.closed());
  const before = await only();
  for (const forget of [false, true]) {
    if (forget) subscription.forget();
    subscription.replay();
    await subscription.deliver(sink);
    expect((await only()).comments).toHaveLength(before.comments.length);
  }
  expect((await only()).status).toBe('Done');
});

describe('a failure is told, and the same delivery later goes on', () => {
  const all: (s: ReturnType<typeof changeStory>) => EntryBody[] = (s) => [
    ...[
      s.requested(),
      s.prechecked(),
      s.approved(),
      s.scheduled(),
      s.started(),
      s.ended('succeeded'),
      s.closed(),
    ],
  ];
  const faults: [string, RestFault, object][] = [
    ['401', { kind: 'status', status: 401 }, { fault: 'denied' }],
    ['403', { kind: 'status', status: 403 }, { fault: 'denied' }],
    ['404', { kind: 'status', status: 404 }, { fault: 'not_found' }],
    ['410', { kind: 'status', status: 410 }, { fault: 'failed', httpStatus: 410 }],
    ['409', { kind: 'status', status: 409 }, { fault: 'conflict' }],
    ['429', { kind: 'status', status: 429, headers: { 'retry-after': '9' } }, { retryAfterMs: 9000 }],
    ['500', { kind: 'status', status: 500 }, { fault: 'failed' }],
    ['done, and answered 500', { kind: 'applied_then_500' }, { fault: 'failed' }],
    ['done, and no answer', { kind: 'reset_after' }, { fault: 'unreachable' }],
  ];
  const calls = [
    { method: 'POST', path: '/search/jql' },
    { method: 'POST', path: '/issue' },
    { method: 'POST', path: '/remotelink' },
    { method: 'GET', path: '/comment' },
    { method: 'POST', path: '/comment' },
    { method: 'POST', path: '/transitions' },
  ];
  test.each(faults)('%s', async (_name, fault, expected) => {
    for (const call of calls) {
      await jira.control('DELETE', '/issues');
      const { story, subscription, sink, later } = testbed();
      subscription.add(...all(story));
      await jira.faults({ ...fault, ...call });
      await expect(subscription.deliver(sink)).rejects.toMatchObject(expected);
      later(settledMs + 1);
      await subscription.deliver(sink);
      const issue = await only();
      expect(issue.status).toBe('Done');
      expect(issue.comments.filter(({ text }) => text.includes('Approved by'))).toHaveLength(1);
      expect(issue.comments).toHaveLength(2);
      expect(issue.remoteLinks).toHaveLength(1);
    }
  });
  test('slow', async () => {
    const { story, tell } = testbed();
    await jira.faults({ kind: 'slow', delayMs: 300, times: 3 });
    await tell(...all(story));
    expect((await only()).status).toBe('Done');
  });
  test('answered as done, and unchanged', async () => {
    const { story, subscription, sink } = testbed();
    subscription.add(...all(story));
    await jira.faults({ kind: 'unchanged', method: 'POST', path: '/transitions' });
    await expect(subscription.deliver(sink)).rejects.toMatchObject({ fault: 'failed' });
    expect((await only()).status).toBe('Open');
    await subscription.deliver(sink);
    expect((await only()).status).toBe('Done');
  });
});

test('after an answer that says nothing it is looked for as long as the search may lag, and made once', async () => {
  const { story, subscription, sink, later } = testbed();
  subscription.add(story.requested());
  await jira.control('PUT', '/settings', { searchLagMs: 3_600_000 });
  await jira.faults({ kind: 'applied_then_500', method: 'POST', path: '/issue' });
  await expect(subscription.deliver(sink)).rejects.toMatchObject({ fault: 'failed' });
  later(1000);
  await expect(subscription.deliver(sink)).rejects.toMatchObject({
    fault: 'conflict',
    retryAfterMs: settledMs - 1000,
  });
  expect(await jira.issues()).toHaveLength(1);
  await jira.control('PUT', '/settings', { searchLagMs: 0 });
  // It is taken as soon as it is seen.
  await subscription.deliver(sink);
  expect(await jira.issues()).toHaveLength(1);
});

test('after an answer that says nothing, and nothing done, it is made when the search would show it', async () => {
  const { story, subscription, sink, later } = testbed();
  subscription.add(story.requested());
  await jira.faults({ kind: 'reset', method: 'POST', path: '/issue' });
  await expect(subscription.deliver(sink)).rejects.toMatchObject({ fault: 'unreachable' });
  await expect(subscription.deliver(sink)).rejects.toMatchObject({ fault: 'conflict' });
  later(settledMs);
  await subscription.deliver(sink);
  expect(await jira.issues()).toHaveLength(1);
});

test('a refusal that made nothing does not make anybody wait', async () => {
  const { story, subscription, sink } = testbed();
  subscription.add(story.requested());
  await jira.faults({ kind: 'status', status: 403, method: 'POST', path: '/issue' });
  await expect(subscription.deliver(sink)).rejects.toMatchObject({ fault: 'denied' });
  await subscription.deliver(sink);
  expect(await jira.issues()).toHaveLength(1);
});

test('of two tickets the oldest goes on, the other is closed and reported', async () => {
  const { story, reports, tell } = testbed();
  const mark = `countersign-${story.changeId}`;
  for (const summary of ['first', 'second'])
    await jira.system.create({ mark, summary, description: '' }, never);
  await tell(story.requested(), story.prechecked(), story.approved(), story.scheduled());
  expect((await jira.issues()).map(({ status }) => status)).toEqual(['In Progress', 'Cancelled']);
  expect([...reports.diverged.values()]).toMatchObject([{ ticket: { key: 'OPS-2' }, why: 'second_ticket' }]);
});

test('a second one that was made later is found at the end', async () => {
  const { story, reports, tell } = testbed();
  await tell(story.requested(), story.prechecked(), story.approved());
  const mark = `countersign-${story.changeId}`;
  await jira.system.create({ mark, summary: 's', description: '' }, new AbortController().signal);
  await tell(story.scheduled(), story.started(), story.ended('succeeded'), story.closed());
  expect((await jira.issues()).map(({ status }) => status)).toEqual(['Done', 'Cancelled']);
  expect(reports.diverged.size).toBe(1);
});

test('the ticket that has followed the change goes on, also where a search shows an older one, or not itself', async () => {
  const mark = (id: string) => `countersign-${id}`;
  const { story, reports, tell } = testbed();
  // Made before ours, and found after it.
  await jira.control('PUT', '/settings', { searchLagMs: 3_600_000 });
  await jira.system.create({ mark: mark(story.changeId), summary: 's', description: '' }, never);
  await tell(story.requested(), story.prechecked(), story.approved(), story.scheduled());
  await tell(story.started(), story.ended('succeeded'));
  await jira.control('PUT', '/settings', { searchLagMs: 0 });
  await tell(story.closed());
  expect((await jira.issues()).map(({ key, status }) => [key, status])).toEqual([
    ['OPS-1', 'Cancelled'],
    ['OPS-2', 'Done'],
  ]);
  expect([...reports.diverged.values()]).toMatchObject([{ ticket: { key: 'OPS-1' }, why: 'second_ticket' }]);
});

test('a kept id whose ticket does not have the mark is forgotten: it is left alone, and the own one is looked for', async () => {
  const { story, subscription, tell } = testbed();
  await tell(story.requested(), story.prechecked());
  // Another instance, which gives the id that is kept to somebody else's ticket.
  await jira.stop();
  jira = await localJira();
  await jira.control('PUT', '/issues', { key: 'OPS-1', creator: 'acc-pat' });
  const [foreign] = await jira.issues();
  expect(subscription.memory).toMatchObject({ ticket: foreign?.id, made: true });
  const { sink } = testbed(story);
  subscription.add(story.approved(), story.scheduled());
  await subscription.deliver(sink);
  expect(await jira.issues()).toMatchObject([
    { key: 'OPS-1', status: 'Open', comments: [], remoteLinks: [] },
    { key: 'OPS-2', status: 'In Progress', labels: [`countersign-${story.changeId}`], remoteLinks: [{}] },
  ]);
});

describe('people who move the ticket', () => {
  test('once: it is moved back; twice: it is theirs, and reported', async () => {
    const { story, reports, tell } = testbed();
    await tell(story.requested(), story.prechecked(), story.approved(), story.scheduled());
    await jira.byHand('OPS-1', 'Open');
    await tell(story.started(1));
    expect((await only()).status).toBe('In Progress');
    expect(reports.diverged.size).toBe(0);
    await jira.byHand('OPS-1', 'Open');
    await tell(story.ended('failed', 1));
    expect((await only()).status).toBe('Open');
    expect([...reports.diverged.values()]).toMatchObject([{ wanted: 'in_progress', why: 'moved_by_hand' }]);
    await tell(story.started(2), story.ended('succeeded', 2), story.closed());
    const issue = await only();
    expect(issue.status).toBe('Open');
    expect(issue.comments.at(-1)?.text).toContain('Outcome: succeeded');
    expect(reports.diverged.size).toBe(1);
  });

  test('a move is counted once, however often the delivery comes', async () => {
    const { story, subscription, sink, reports, tell } = testbed();
    await tell(story.requested(), story.prechecked(), story.approved(), story.scheduled());
    await jira.byHand('OPS-1', 'Open');
    subscription.add(story.started(1));
    await jira.faults({ kind: 'status', status: 503, method: 'POST', path: '/transitions', times: 3 });
    for (let i = 0; i < 3; i++) {
      await expect(subscription.deliver(sink)).rejects.toMatchObject({ fault: 'failed' });
    }
    await subscription.deliver(sink);
    expect((await only()).status).toBe('In Progress');
    expect(reports.diverged.size).toBe(0);
  });

  test('nobody has moved what a step of ours has, after a kill between two of them', async () => {
    const { story, subscription, sink, sinkWith, reports, tell } = testbed();
    await tell(story.requested(), story.prechecked(), story.approved());
    const dying = sinkWith({
      async stepTowards(...step) {
        await jira.system.stepTowards(...step);
        throw new Error('killed');
      },
    });
    subscription.add(story.scheduled(), story.started(), story.ended('succeeded'), story.closed());
    await expect(subscription.deliver(dying)).rejects.toThrow('killed');
    expect((await only()).status).toBe('In Progress');
    await subscription.deliver(sink);
    expect((await only()).status).toBe('Done');
    // Somebody's first move is moved back.
    await jira.byHand('OPS-1', 'Open');
    subscription.replay();
    await subscription.deliver(sink);
    expect((await only()).status).toBe('Done');
    expect(reports.diverged.size).toBe(0);
  });

  test('to where the change wants it: nothing to say', async () => {
    const { story, reports, tell } = testbed();
    await tell(story.requested(), story.prechecked());
    await jira.byHand('OPS-1', 'In Progress');
    await tell(story.approved(), story.scheduled());
    await jira.byHand('OPS-1', 'Done', 'Done');
    await tell(story.started(), story.ended('succeeded'), story.closed());
    expect(reports.diverged.size).toBe(0);
  });

  test('what is left for people to end, they may end', async () => {
    const { story, reports, tell } = testbed();
    await tell(story.requested(), story.prechecked(), story.approved(), story.scheduled(), story.started());
    await tell(story.ended('unknown'), story.closed('approved', 'outcome_unknown'));
    await jira.byHand('OPS-1', 'Done', 'Done');
    await tell(story.reviewed());
    expect((await only()).status).toBe('Done');
    expect(reports.diverged.size).toBe(0);
  });

  test('where no step leads to the end, that is reported once, and tried again', async () => {
    const { story, subscription, sink, reports, tell } = testbed();
    await tell(story.requested(), story.prechecked(), story.approved(), story.scheduled());
    await jira.control('PUT', '/users', [{ ...writing, rights: ['BROWSE_PROJECTS', 'ADD_COMMENTS'] }]);
    subscription.add(story.started(), story.ended('succeeded'), story.closed());
    for (let i = 0; i < 2; i++) {
      await expect(subscription.deliver(sink)).rejects.toMatchObject({ fault: 'conflict' });
    }
    expect([...reports.diverged.values()]).toMatchObject([{ wanted: 'done', why: 'no_step' }]);
    await jira.control('PUT', '/users', [writing]);
    await subscription.deliver(sink);
    expect((await only()).status).toBe('Done');
  });
});

test('two installations that want one ticket otherwise stop, instead of moving it for ever', async () => {
  await jira.control('PUT', '/issues', { key: 'OPS-7', creator: 'acc-pat' });
  const [ahead, behind] = [testbed(heldStory()), testbed(heldStory())];
  for (const { story, tell } of [ahead, behind])
    await tell(story.requested(named('OPS-7')), story.prechecked());
  await ahead.tell(ahead.story.approved(), ahead.story.scheduled());
  await jira.control('DELETE', '/calls');
  for (let i = 1; i <= 10; i++) {
    // Each hears that the ticket was moved, and looks.
    await behind.tell(behind.story.operator('pause'), behind.story.operator('resume'));
    await ahead.tell(ahead.story.started(i), ahead.story.ended('failed', i));
  }
  const moves = (await jira.calls()).filter(
    ({ method, path }) => method === 'POST' && path.endsWith('/transitions'),
  );
  expect(moves.length).toBeLessThanOrEqual(3);
  expect(ahead.reports.diverged.size + behind.reports.diverged.size).toBe(1);
});

test('a system that is killed and comes back finds its ticket followed, and no second one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'jira-'));
  const file = join(folder, 'jira.json');
  try {
    const before = jira;
    jira = await localJira('cloud', {}, { file });
    await before.stop();
    const { port } = jira.endpoint;
    const { story, subscription, sink, tell } = testbed();
    await tell(story.requested(), story.prechecked(), story.approved());
    await jira.stop();
    subscription.add(story.scheduled(), story.started(), story.ended('succeeded'), story.closed());
    await expect(subscription.deliver(sink)).rejects.toMatchObject({ fault: 'unreachable' });
    jira = await localJira('cloud', {}, { file, port });
    await subscription.deliver(sink);
    expect(await only()).toMatchObject({ key: 'OPS-1', status: 'Done', comments: { length: 2 } });
    const page = await (await fetch(`${jira.endpoint.url}/browse/OPS-1`)).text();
    expect(page).toContain('Outcome: succeeded');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('one change has a ticket in each of two systems', async () => {
  const other = await localJira('data_center');
  try {
    const { story, tell } = testbed(heldStory('other'));
    const ticket = { system: 'other', id: 'OPS-5', url: null };
    await other.control('PUT', '/issues', { key: 'OPS-5', creator: 'acc-pat' });
    const second = subscriptionOf();
    const { append } = reportsOf();
    const sink = makeTicketSink({
      name: 'other',
      system: other.system,
      create: true,
      linkOf: () => null,
      append,
      holdersOf: () => Promise.resolve([]),
    });
    const bodies = [
      story.requested({ ticket }),
      story.prechecked(),
      story.rejected(),
      story.closed('rejected', 'not_started'),
    ];
    second.add(...bodies);
    await Promise.all([tell(...bodies), second.deliver(sink)]);
    expect(await only()).toMatchObject({ key: 'OPS-1', status: 'Cancelled' });
    expect(await other.issues()).toMatchObject([{ key: 'OPS-5', status: 'Cancelled', remoteLinks: [] }]);
  } finally {
    await other.stop();
  }
});
