import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { mostTakenBack } from '../../domain/decision.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { problemsIn } from '../support/followed.ts';
import { codeOf, decide, entriesOf, inMs, stepsOf } from '../support/steps.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

let testbed: Testbed;
let workers: Awaited<ReturnType<typeof startWorkers>>;
const apis: Awaited<ReturnType<typeof startApi>>[] = [];

/** An API under a policy of its own, the steps of a change there, and its demo users. */
async function under(changed: Partial<PinnedPolicy>) {
  const { digest: _, ...members } = { ...fourEyes, ...changed };
  const digest = createHash('sha256').update(canonicalJson(members)).digest('hex');
  const policy = { ...members, digest };
  const directory = { members: () => undefined, groupsIn: () => [] };
  const own = await startApi(testbed, {
    policies: { current: () => ({ rules: [{ policy, match: {} }], directory }) },
  });
  apis.push(own);
  return { ...stepsOf(own), users: own.users };
}

const id = (subject: string) => ({ issuer: testbed.identity.issuer, subject });
const token = { source: 'token' } as const;
const takeBack = (by: ApiClient, change: ChangeView): Promise<ChangeView> =>
  by.delete(`/v1/changes/${change.id}/decisions`);

/** What the verifier has to say against a change's entries. */
async function problemsOf(by: ApiClient, change: ChangeView): Promise<readonly unknown[]> {
  return problemsIn(await entriesOf(by, change.id), change);
}

beforeAll(async () => {
  testbed = await startTestbed();
  workers = await startWorkers(testbed);
});
afterAll(async () => {
  expect(await replayAll(testbed)).toBeGreaterThan(1);
  await workers.stop();
  await Promise.all(apis.map((one) => one.stop()));
  await testbed.stop();
});

describe.concurrent('a change whose last seat is filled without another decision goes on', () => {
  test('when the escalation group is asked, of which somebody has approved', async () => {
    const { asked, ended, users } = await under({
      name: 'escalated',
      stages: [
        {
          name: 'both',
          groups: [
            { group: 'operations', threshold: 1 },
            { group: 'security', threshold: 1 },
          ],
        },
      ],
      escalation: { afterMs: 15_000, group: 'board' },
      groups: { operations: token, security: token, board: { source: 'members', members: [id('carol')] } },
    });
    const change = await asked(await testbed.certificate());
    await decide(users.bob, change);
    await decide(users.carol, change);
    const end = await ended(change.id);
    expect(end).toMatchObject({ decisionStatus: 'approved', executionStatus: 'succeeded' });
    const types = (await entriesOf(users.dave, change.id)).map((e) => e.type);
    expect(types.slice(types.indexOf('change.escalated')).slice(0, 2)).toEqual([
      'change.escalated',
      'change.scheduled',
    ]);
    expect(await problemsOf(users.dave, change)).toEqual([]);
  });

  test('when a reject is taken back that had kept an earlier approval from counting', async () => {
    const { asked, ended, users } = await under({
      name: 'represented',
      stages: [
        {
          name: 'first',
          groups: [
            { group: 'chief', threshold: 1 },
            { group: 'operations', threshold: 1 },
          ],
        },
      ],
      reject: { kind: 'count', count: 2 },
      delegations: [
        {
          from: id('frank'),
          to: id('bob'),
          since: '2020-01-01T00:00:00.000Z',
          until: '2090-01-01T00:00:00.000Z',
        },
      ],
      groups: { chief: { source: 'members', members: [id('frank')] }, operations: token },
    });
    const change = await asked(await testbed.certificate());
    await decide(users.bob, change);
    await decide(users.frank, change, 'reject');
    expect(await decide(users.carol, change)).toMatchObject({ decisionStatus: 'pending' });
    expect(await takeBack(users.frank, change)).toMatchObject({ decisionStatus: 'approved', missing: [] });
    expect(await ended(change.id)).toMatchObject({
      decisionStatus: 'approved',
      executionStatus: 'succeeded',
    });
    const types = (await entriesOf(users.dave, change.id)).map((e) => e.type);
    expect(types).toContain('change.scheduled');
    expect(await problemsOf(users.dave, change)).toEqual([]);
  });

  test('a minority of rejects stays one once all seats are full', async () => {
    const { asked, ended, users } = await under({
      name: 'majority',
      stages: [{ name: 'first', groups: [{ group: null, threshold: 2 }] }],
      reject: { kind: 'majority' },
    });
    const change = await asked(await testbed.certificate());
    await decide(users.frank, change, 'reject');
    await decide(users.bob, change);
    expect(await decide(users.carol, change)).toMatchObject({ decisionStatus: 'approved' });
    expect(await ended(change.id)).toMatchObject({ executionStatus: 'succeeded' });
    expect(await problemsOf(users.dave, change)).toEqual([]);
  });
});

describe('changes of mind', () => {
  const sizeOf = async (change: ChangeView): Promise<number> => {
    const { raw } = await testbed.client.workflow.getHandle(workflowIdOf(change.id)).describe();
    return Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0);
  };

  test('are limited for each person, cost the same each time, and end nobody else’s change', async () => {
    const { asked, ended, users } = await under({
      name: 'undecided',
      stages: [{ name: 'first', groups: [{ group: null, threshold: 4 }] }],
    });
    const change = await asked(await testbed.certificate(), { decideBy: inMs(600_000) });
    const path = `/v1/changes/${change.id}/decisions`;
    const approve = (by: ApiClient, comment: string) =>
      by.post<ChangeView>(path, { decision: 'approve', digest: change.digest, comment });
    const long = 'x'.repeat(2000);
    const sizes: number[] = [await sizeOf(change)];
    for (let turn = 0; turn < mostTakenBack; turn += 1) {
      for (const by of [users.bob, users.carol, users.frank]) {
        const after = await approve(by, `${turn} ${long}`.slice(0, 2000));
        expect(after.decisions.filter((d) => d.counts)).toHaveLength(1);
        await takeBack(by, change);
        sizes.push(await sizeOf(change));
      }
    }
    for (const by of [users.bob, users.carol, users.frank]) {
      expect(await codeOf(approve(by, 'once more'))).toBe('too_many_changes_of_mind');
      expect(await codeOf(takeBack(by, change))).toBe('nothing_decided');
    }
    const steps = sizes.slice(1).map((size, i) => size - (sizes[i] ?? 0));
    const [first = 0] = steps;
    for (const step of steps) expect(step).toBeLessThan(first * 1.25);
    expect(first).toBeLessThan(40_000);

    const shown = await users.alice.change(change.id);
    expect(shown.decisions.map((d) => [d.person.subject, d.counts, d.comment, d.takenBack])).toEqual(
      ['bob', 'carol', 'frank'].map((subject) => [subject, false, '', mostTakenBack]),
    );
    const entries = await entriesOf(users.dave, change.id);
    expect(entries.filter((e) => e.type === 'decision.approved')).toHaveLength(3 * mostTakenBack);
    expect(await problemsOf(users.dave, change)).toEqual([]);
    await users.alice.post(`/v1/changes/${change.id}/withdrawal`, { comment: '' });
    expect(await ended(change.id)).toMatchObject({ decisionStatus: 'withdrawn' });
  });

  test('the words of all who have decided are kept, though each is sent once', async () => {
    const { asked, ended, users } = await under({
      name: 'three',
      stages: [{ name: 'first', groups: [{ group: null, threshold: 3 }] }],
    });
    const change = await asked(await testbed.certificate());
    const path = `/v1/changes/${change.id}/decisions`;
    const say = (by: ApiClient, comment: string) =>
      by.post<ChangeView>(path, { decision: 'approve', digest: change.digest, comment });
    await say(users.bob, 'bob’s');
    await say(users.carol, 'carol’s');
    await takeBack(users.bob, change);
    await say(users.bob, 'bob’s other');
    await say(users.frank, 'frank’s');
    const end = await ended(change.id);
    expect(end).toMatchObject({ executionStatus: 'succeeded' });
    const said = end.decisions.map((d) => [d.person.subject, d.comment, d.counts]).sort();
    expect(said).toEqual([
      ['bob', 'bob’s other', true],
      ['carol', 'carol’s', true],
      ['frank', 'frank’s', true],
    ]);
    // Before its end, too.
    const pending = await asked(await testbed.certificate());
    const words = { decision: 'approve', digest: pending.digest };
    await users.bob.post(`/v1/changes/${pending.id}/decisions`, { ...words, comment: 'one' });
    await users.carol.post(`/v1/changes/${pending.id}/decisions`, { ...words, comment: 'two' });
    const shown = await changeThat(users.alice, pending.id, (c) => c.decisions.length === 2);
    expect(shown.decisions.map((d) => d.comment)).toEqual(['one', 'two']);
    expect(shown.missing).toMatchObject([{ seats: 1 }]);
  });
});
