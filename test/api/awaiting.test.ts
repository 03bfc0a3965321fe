import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApiDependencies } from '../../api/dependencies.ts';
import type { Change, Decision } from '../../domain/change.ts';
import { next } from '../domain/moves.ts';
import { decisionOf, judgeDecision } from '../../domain/decision.ts';
import { withOneMore, withOneTakenBack } from '../../domain/decisions.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { directoryOf } from '../../domain/membership.ts';
import type { Person, PersonId } from '../../domain/person.ts';
import type { GroupSource, PinnedPolicy, RejectRule } from '../../domain/policy.ts';
import { isoTime } from '../../domain/time.ts';
import { change as changeFixture } from '../store/change-fixture.ts';
import { startApiStack } from './api-stack.ts';
import type { ApiStack } from './api-stack.ts';
import { targetOf } from '../support/target.ts';

const minute = 60_000;
const approvers = ['bob', 'carol', 'frank'] as const;
/** What the demo users' tokens name. */
const tokenGroups: Record<string, string[]> = {
  bob: ['operations'],
  carol: ['operations'],
  frank: ['security'],
};
const groupNames = ['operations', 'security', 'board'];
const directoryGroups: Record<string, string[]> = { bob: ['security'], carol: ['board', 'operations'] };
const groupsIn = ({ subject }: PersonId) => directoryGroups[subject] ?? [];

const source = fc.oneof(
  fc.constant('token' as const),
  fc.constant('directory' as const),
  fc.subarray(['alice', ...approvers], { minLength: 1 }),
);
const seats = fc.record({
  group: fc.constantFrom('operations', 'security', 'board', null),
  threshold: fc.integer({ min: 1, max: 2 }),
});
const who = fc.constantFrom(...approvers);
const cases = fc.record({
  stages: fc.array(fc.uniqueArray(seats, { minLength: 1, maxLength: 3, selector: ({ group }) => group }), {
    minLength: 1,
    maxLength: 2,
  }),
  sources: fc.tuple(source, source, source),
  reject: fc.constantFrom<RejectRule>({ kind: 'any' }, { kind: 'count', count: 3 }, { kind: 'majority' }),
  // Long ago, since after the decisions, or not yet.
  delegations: fc.array(
    fc.tuple(fc.constantFrom('alice', ...approvers), who, fc.constantFrom(-60 * minute, -minute, minute)),
    { maxLength: 2 },
  ),
  glass: fc.constantFrom(false, false, false, true),
  escalated: fc.boolean(),
  words: fc.array(fc.tuple(who, fc.constantFrom('approve', 'approve', 'reject', 'take back')), {
    maxLength: 3,
  }),
  takenBack: fc.constantFrom(0, 0, 5),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

let stack: ApiStack;
beforeAll(async () => {
  const directory = { members: () => undefined, groupsIn };
  const policies: ApiDependencies['policies'] = {
    current: () => ({ rules: [{ policy: fourEyes, match: {} }], directory }),
  };
  stack = await startApiStack({ policies });
});
afterAll(() => stack.stop());

function personOf(subject: string): Person {
  return { ...stack.person(subject, 'approver'), groups: tokenGroups[subject] ?? [] };
}
const idOf = (subject: string): PersonId => ({ issuer: stack.testbed.identity.issuer, subject });

/** A pending change as the words so far have left it. Everybody breaks one glass at a time. */
function changeOf(one: Case, now: number, requester: string): Change {
  const sourceOf = (of: Case['sources'][number] | undefined): GroupSource =>
    of === 'token' || of === 'directory'
      ? { source: of }
      : { source: 'members', members: (of ?? []).map(idOf) };
  const policy: PinnedPolicy = {
    ...fourEyes,
    stages: one.stages.map((groups, i) => ({ name: `s${i}`, groups })),
    reject: one.reject,
    escalation: { afterMs: minute, group: 'board' },
    breakGlass: { groups: ['board'], approvals: 1 },
    groups: Object.fromEntries(groupNames.map((name, i) => [name, sourceOf(one.sources[i])])),
    delegations: one.delegations.map(([from, to, since]) => ({
      from: idOf(from),
      to: idOf(to),
      since: isoTime(now + since),
      until: isoTime(now + 60 * minute),
    })),
  };
  const at = now - 2 * minute;
  let change: Change = changeFixture({
    requester: stack.person(requester, 'requester'),
    policy,
    submittedAt: isoTime(now - 10 * minute),
    decideBy: isoTime(now + 60 * minute),
    breakGlass: one.glass,
    escalatedAt: one.escalated ? isoTime(now - 5 * minute) : null,
  });
  for (const [subject, word] of one.words) {
    const person = personOf(subject);
    let decisions: readonly Decision[];
    if (word === 'take back') {
      decisions = withOneTakenBack(change.decisions, person, change.round).map((d) =>
        d.counts ? d : { ...d, takenBack: one.takenBack },
      );
    } else {
      const decision = word === 'reject' ? 'reject' : 'approve';
      const directory = directoryOf(change, person, isoTime(at), groupsIn);
      const wanted = { decision, digest: change.digest ?? '', person, comment: '', directory } as const;
      if (judgeDecision(change, wanted, at) !== 'new') continue;
      decisions = withOneMore(change.decisions, decisionOf(change, wanted, at));
    }
    const after = next(change, { decisions });
    // What would decide it is not said.
    if (after.missing.length > 0) change = after;
  }
  return next(change, {});
}

test('awaiting=me lists just what a decision of the caller would be accepted for, over random policies', async () => {
  const now = Date.now();
  const changes = fc
    .sample(cases, { numRuns: 60, seed: 20261129 })
    .map((one, i) => changeOf(one, now, one.glass ? `ivan-${i}` : 'alice'));
  for (const change of changes) await stack.stored(change);

  let listed = 0;
  for (const user of approvers) {
    const answer = await stack.api.call('/v1/changes?awaiting=me&limit=200', { as: user });
    const ids = (answer.body.items as Change[]).map(({ id }) => id);
    listed += ids.length;
    const accepted: string[] = [];
    const shown: string[] = [];
    for (const change of changes) {
      const seen = await stack.api.call(`/v1/changes/${change.id}`, { as: user });
      if (seen.body.awaitingYou === true) shown.push(change.id);
      const body = { decision: 'approve', digest: change.digest, comment: 'seen' };
      const { code } = (await stack.api.call(`/v1/changes/${change.id}/decisions`, { as: user, body })).body;
      // There is no workflow behind it: what the rule accepts comes to nothing there.
      if (code === 'change_closed') accepted.push(change.id);
    }
    expect({ user, ids: ids.sort() }).toEqual({ user, ids: accepted.sort() });
    expect({ user, ids: shown.sort() }).toEqual({ user, ids: accepted });
  }
  // Some are awaited and some are not, or nothing was tried.
  expect(listed).toBeGreaterThan(20);
  expect(listed).toBeLessThan(160);
});

test.each(['pending', 'approved'] as const)(
  'the same decision again is 200 of a change that is %s, though its requester has delegated to its author since',
  async (decisionStatus) => {
    const bob = personOf('bob');
    const now = Date.now();
    const decision = {
      decision: 'approve',
      comment: 'seen',
      person: bob,
      round: 1,
      stage: 'approval',
    } as const;
    const delegation = { from: idOf('alice'), to: idOf('bob') };
    const asked = changeFixture({
      requester: stack.person('alice', 'requester'),
      target: targetOf(`repeated/${decisionStatus}`),
      policy: {
        ...fourEyes,
        delegations: [{ ...delegation, since: isoTime(now - minute), until: isoTime(now + minute) }],
      },
      submittedAt: isoTime(now - 10 * minute),
      decideBy: isoTime(now + 60 * minute),
    });
    const { digest } = asked;
    const change = await stack.stored({
      ...asked,
      decisionStatus,
      decisions: [{ ...decision, digest: digest ?? '', at: isoTime(now - 2 * minute), counts: true }],
    });
    const path = `/v1/changes/${change.id}/decisions`;
    const again = { decision: 'approve', digest, comment: 'once more' };
    expect(await stack.api.call(path, { as: 'bob', body: again })).toMatchObject({
      status: 200,
      body: { id: change.id, decisions: [{ comment: 'seen' }] },
    });
    expect(await stack.api.call(path, { as: 'bob', body: { ...again, decision: 'reject' } })).toMatchObject({
      status: 403,
      body: { code: 'self_approval' },
    });
  },
);
