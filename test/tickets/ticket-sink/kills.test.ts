import { expect, test } from 'vitest';
import { makeJiraSystem } from '../../../tickets/jira/system.ts';
import { makeTicketSink } from '../../../tickets/ticket-sink.ts';
import { changeStory } from '../../audit/change-story.ts';
import { reportsOf, subscriptionOf } from '../delivery.ts';
import { localJira, writing } from '../jira/local-jira.ts';
import type { LocalJira } from '../jira/local-jira.ts';

class Killed extends Error {}

const hourMs = 3_600_000;

/** One change with two comments, killed at its n-th effect, before or after it; then delivered until it is done. */
async function killedAt(jira: LocalJira, nth: number, when: 'before' | 'after', lagMs: number) {
  await jira.control('DELETE', '/issues');
  await jira.control('PUT', '/settings', { searchLagMs: lagMs });
  const story = changeStory();
  const subscription = subscriptionOf();
  const reports = reportsOf();
  let effects = 0;
  const life = { isDead: false };
  let clock = Date.now();
  const step = () => {
    if (life.isDead) throw new Killed();
    effects += 1;
    return effects === nth;
  };
  const dyingFetch: typeof fetch = async (...asked) => {
    const isLast = step();
    if (isLast && when === 'before') {
      life.isDead = true;
      throw new Killed();
    }
    const answer = await fetch(...asked);
    if (isLast) {
      life.isDead = true;
      throw new Killed();
    }
    return answer;
  };
  const sinkWith = (fetchOf: typeof fetch) =>
    makeTicketSink({
      name: 'jira',
      system: makeJiraSystem('jira', jira.settings, { fetch: fetchOf, secret: writing.token }),
      create: true,
      linkOf: (id) => `https://countersign.example/changes/${id}`,
      append: reports.append,
      holdersOf: () => Promise.resolve([]),
      now: () => clock,
    });
  subscription.add(story.requested(), story.prechecked(), story.approved(), story.scheduled());
  subscription.add(story.started(), story.ended('succeeded'), story.closed());
  const outcome = await subscription
    .deliver(sinkWith(dyingFetch), () => {
      const isLast = step();
      if (isLast) life.isDead = true;
      if (isLast && when === 'before') throw new Killed();
    })
    .then(
      () => 'done' as const,
      () => 'killed' as const,
    );
  if (outcome === 'killed' || life.isDead) {
    subscription.replay();
    // While the search lags nothing may be made a second time.
    await subscription.deliver(sinkWith(fetch)).catch(() => undefined);
    const made = await jira.issues();
    expect(made.length).toBeLessThanOrEqual(1);
    await jira.control('PUT', '/settings', { searchLagMs: 0 });
    clock += hourMs;
    subscription.replay();
    await subscription.deliver(sinkWith(fetch));
  }
  return { isOver: !life.isDead, issues: await jira.issues(), reports };
}

test.each([
  { when: 'before', lagMs: 0 },
  { when: 'after', lagMs: 0 },
  { when: 'before', lagMs: hourMs },
  { when: 'after', lagMs: hourMs },
] as const)(
  'killed $when any effect, with a search $lagMs ms behind: one ticket, each comment once',
  async ({ when, lagMs }) => {
    const jira = await localJira();
    try {
      let nth = 1;
      for (; nth < 60; nth++) {
        const { isOver, issues, reports } = await killedAt(jira, nth, when, lagMs);
        expect(issues, `effect ${nth}`).toHaveLength(1);
        const [issue] = issues;
        expect(issue?.status).toBe('Done');
        expect(issue?.comments.map(({ text }) => text.split('\n')[0])).toEqual([
          'Approved by bob, round 1.',
          expect.stringContaining('Outcome: succeeded'),
        ]);
        expect(issue?.remoteLinks).toHaveLength(1);
        expect(reports.linked.size).toBe(1);
        expect(reports.diverged.size).toBe(0);
        if (isOver) break;
      }
      // There are so many effects that the test is worth something.
      expect(nth).toBeGreaterThan(15);
      expect(nth).toBeLessThan(60);
    } finally {
      await jira.stop();
    }
  },
);
