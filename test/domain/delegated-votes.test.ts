import { describe, expect, test } from 'vitest';
import type { Change } from '../../domain/change.ts';
import { decide } from '../../domain/decide.ts';
import type { Command } from '../../domain/decide.ts';
import { evolve, newChange } from '../../domain/evolve.ts';
import { phaseOf } from '../../domain/lifecycle.ts';
import { directoryOf } from '../../domain/membership.ts';
import type { Person, PersonId } from '../../domain/person.ts';
import type { GroupSource, PinnedPolicy } from '../../domain/policy.ts';
import { reevaluate } from '../../domain/reevaluation.ts';
import { newStatement } from '../../domain/statement.ts';
import type { Act } from '../../domain/statement.ts';
import { isoTime } from '../../domain/time.ts';
import { alice, person, policyOf, stage, submitted } from './decidable-fixture.ts';
import { pins } from '../support/operations.ts';
import { targetOf } from '../support/target.ts';

/*
 * A decision in somebody's place counts only while that person has not decided. So what one person says may make an earlier
 * word of another count, or count no more, and a stage that was complete may be open again.
 */

const now = submitted + 5000;
const directory: GroupSource = { source: 'directory' };
const delegated = (from: Person, to: Person) => ({
  from: { issuer: from.issuer, subject: from.subject },
  to: { issuer: to.issuer, subject: to.subject },
  since: isoTime(submitted - 1000),
  until: isoTime(submitted + 1_000_000),
});
const listed = (...members: Person[]): GroupSource => ({
  source: 'members',
  members: members.map(({ issuer, subject }) => ({ issuer, subject })),
});
type GroupsIn = (person: PersonId) => readonly string[];

function shown(policy: PinnedPolicy): Change {
  const change = newChange({
    ...{ id: '0f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42', operation: 'ActiveCaCertificate', input: { sn: '1' } },
    ...pins,
    ...{
      target: targetOf('t'),
      requester: alice,
      justification: '',
      ticket: null,
      breakGlass: false,
      policy,
    },
    ...{ submittedAt: isoTime(submitted), decideBy: isoTime(submitted + 86_400_000) },
    ...{ executeAfter: null, executeBy: null, executeWithinMs: 3_600_000 },
  });
  return next(change, show(change));
}

function show({ round }: Change): Command {
  const digest = String(round + 1).repeat(64);
  return { kind: 'show', snapshot: null, digest: digest.slice(0, 64), readRequestId: null, warning: null };
}

function says(change: Change, by: Person, act: Act, groupsIn: GroupsIn): Command {
  const at = isoTime(now);
  const said = directoryOf(change, by, at, groupsIn);
  const { digest } = change;
  const statement = newStatement(
    { ...act, comment: '', digest, ...(said.length > 0 ? { directory: said } : {}) },
    change,
    by,
    at,
  );
  return { kind: 'request', request: { signed: { statement, keyId: '', signature: '' }, source: null } };
}

/** The change after a command. @throws what it is refused with */
function next(change: Change, command: Command): Change {
  const verdict = decide(change, command, { now });
  if ('refusal' in verdict) throw verdict.refusal;
  return verdict.events.reduce(evolve, change);
}

const [dan, frank, gina, hal] = ['dan', 'frank', 'gina', 'hal'].map((name) => person(name)) as [
  Person,
  Person,
  Person,
  Person,
];

describe('what comes to count by another’s word', () => {
  test('a reject, because an approval has lapsed: the change ends, and the escalation group is not asked', () => {
    const policy = policyOf([stage('one', 'operations:2')], {
      reject: { kind: 'count', count: 2 },
      escalation: { afterMs: 3_600_000, group: 'board' },
      delegations: [delegated(frank, dan)],
      groups: { operations: directory, board: { source: 'token' } },
    });
    const then: GroupsIn = ({ subject }) => (subject === 'dan' ? [] : ['operations']);
    const say = (change: Change, by: Person, action: 'approve' | 'reject') =>
      next(change, says(change, by, { kind: 'decision', action }, then));
    let change = say(shown(policy), dan, 'reject');
    change = say(change, frank, 'approve');
    change = say(change, gina, 'reject');
    change = say(change, hal, 'approve');
    expect(phaseOf(change)).toBe('scheduled');
    const left: GroupsIn = (one) => (one.subject === 'frank' ? [] : then(one));
    const ended = next(change, { kind: 'lapse', reevaluation: reevaluate(change, left) });
    expect([phaseOf(ended), ended.decisionStatus, ended.escalatedAt]).toEqual(['ending', 'rejected', null]);
  });

  test('two rejects of a stage, once the one before it is complete again: who completes it ends the change', () => {
    const [yan, fred] = [person('yan', ['security']), person('frank', ['security'])];
    const policy = policyOf([stage('first', 'operations:1'), stage('second', 'security:3')], {
      reject: { kind: 'majority' },
      delegations: [delegated(fred, dan)],
      groups: { operations: listed(fred, hal) },
    });
    const say = (change: Change, by: Person, action: 'approve' | 'reject') =>
      next(
        change,
        says(change, by, { kind: 'decision', action }, () => []),
      );
    let change = say(shown(policy), dan, 'approve');
    change = say(change, yan, 'reject');
    change = say(change, fred, 'reject');
    expect(change.missing[0]).toMatchObject({ stage: 'first', seats: 1 });
    change = say(change, hal, 'approve');
    expect([phaseOf(change), change.decisionStatus]).toEqual(['ending', 'rejected']);
  });
});
