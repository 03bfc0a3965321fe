import { describe, expect, test } from 'vitest';
import { newChange } from '../../domain/evolve.ts';
import { phaseOf, phases, transitions } from '../../domain/lifecycle.ts';
import type { Phase, Transitions } from '../../domain/lifecycle.ts';
import type { ChangeEventType } from '../../domain/change-event.ts';
import type { Change } from '../../domain/change.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { alice, person, policyOf, stage, submitted } from './decidable-fixture.ts';
import { pins } from '../support/operations.ts';
import { targetOf } from '../support/target.ts';
import { walk } from './walk.ts';
import type { Broken } from './walk.ts';

const hour = 3_600_000;
const bob = person('bob', ['operations']);
const carol = person('carol', ['operations', 'board']);

function changeUnder(policy: PinnedPolicy, breakGlass = false): Change {
  return newChange({
    ...{ id: '0f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42', operation: 'ActiveCaCertificate', input: { sn: '1' } },
    ...pins,
    ...{
      target: targetOf('t'),
      requester: alice,
      justification: 'because',
      ticket: null,
      breakGlass,
      policy,
    },
    submittedAt: new Date(submitted).toISOString(),
    decideBy: new Date(submitted + 24 * hour).toISOString(),
    ...{ executeAfter: null, executeBy: null, executeWithinMs: hour },
  });
}

const directory = { source: 'directory' } as const;
const two = policyOf([stage('both', 'operations:2')], {
  reject: { kind: 'any' },
  escalation: { afterMs: hour, group: 'board' },
  groups: { board: { source: 'token' } },
});
const oneOfTheDirectory = policyOf([stage('one', '*:1')], { groups: { security: directory } });
const glass = (approvals: 0 | 1) =>
  policyOf([stage('one', 'operations:1')], { breakGlass: { groups: ['operations'], approvals } });

const changes: [string, Change][] = [
  ['two approvers and an escalation', changeUnder(two)],
  ['one approver', changeUnder(oneOfTheDirectory)],
  ['a standard change', changeUnder(policyOf([], { standard: true }))],
  ['a break-glass change that asks nobody', changeUnder(glass(0), true)],
  ['a break-glass change that asks one', changeUnder(glass(1), true)],
];

describe('every state that can be reached', () => {
  test.each(changes)('of %s keeps the rules and can end without people', (_name, change) => {
    const { worlds, broken } = walk(change, [bob, carol]);
    expect(broken.slice(0, 3)).toEqual([]);
    const reached = new Set(worlds.map((world) => phaseOf(world.change)));
    expect([...reached].sort()).toEqual(Object.keys(phases).sort());
    expect(worlds.length).toBeGreaterThan(500);
  });

  /** The table with other phases to which an event leads from one. */
  const mutant = (type: ChangeEventType, from: Phase, to: readonly Phase[]): Transitions => ({
    ...transitions,
    [type]: { ...transitions[type], moves: { ...transitions[type].moves, [from]: to } },
  });
  test.each<[string, Transitions, string]>([
    [
      'an attempt may start before approval',
      mutant('attempt.started', 'deciding', ['deciding']),
      'an attempt without a satisfied approval',
    ],
    [
      'an attempt may start in the end',
      mutant('attempt.started', 'ending', ['ending']),
      'an attempt without a satisfied approval',
    ],
    ['nothing closes what ends', mutant('change.closed', 'ending', []), 'cannot end without people'],
    ['nobody need decide in time', mutant('change.expired', 'deciding', []), 'cannot end without people'],
    [
      'an approval approves nothing',
      mutant('change.scheduled', 'deciding', []),
      'an event that the table does not have',
    ],
  ])('a table by which %s is found wrong', (_name, table, rule) => {
    const until = (one: Broken) => one.rule === rule;
    const { broken } = walk(changeUnder(oneOfTheDirectory), [bob], { table, until });
    expect(broken.map((one) => one.rule)).toContain(rule);
  });
});
