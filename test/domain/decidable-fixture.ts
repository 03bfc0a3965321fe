import type { Decision } from '../../domain/change.ts';
import { decisionOf, judgeDecision } from '../../domain/decision.ts';
import type { DecisionFacts, WantedDecision } from '../../domain/decision.ts';
import { allowed, CountersignError, isRefused } from '../../domain/error.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { decisionOutcome } from '../../domain/decision.ts';
import type { Person, Role } from '../../domain/person.ts';
import type { GroupSource, PinnedPolicy, Stage } from '../../domain/policy.ts';

export const digest = 'a'.repeat(64);
export const submitted = Date.parse('2026-01-01T00:00:00.000Z');

/** A person whose token names these groups. */
export function person(subject: string, groups: string[] = [], roles: Role[] = ['approver']): Person {
  const authentication = { methods: ['pwd', 'mfa'], at: new Date(submitted).toISOString() };
  return { issuer: 'https://id', subject, name: subject, roles, groups, authentication };
}

export const alice = person('alice', [], ['requester', 'approver']);

/** `'operations:2 security:1'` is a stage that needs both; `'*:1'` asks for anybody. */
export function stage(name: string, seats: string): Stage {
  return {
    name,
    groups: seats.split(' ').map((part) => {
      const [group = '', threshold] = part.split(':');
      return { group: group === '*' ? null : group, threshold: Number(threshold) };
    }),
  };
}

/** A policy of these stages, whose groups the token names unless told otherwise. */
export function policyOf(stages: Stage[], more: Partial<PinnedPolicy> = {}): PinnedPolicy {
  const names = stages.flatMap(({ groups }) => groups.flatMap(({ group }) => group ?? []));
  const groups: Record<string, GroupSource> = Object.fromEntries(names.map((n) => [n, { source: 'token' }]));
  return { ...fourEyes, stages, ...more, groups: { ...groups, ...more.groups } };
}

/** A change of alice's that awaits decisions. */
export function decidable(policy: PinnedPolicy = fourEyes, more: Partial<DecisionFacts> = {}): DecisionFacts {
  return {
    requester: alice,
    policy,
    decisionStatus: 'pending',
    digest,
    round: 1,
    submittedAt: new Date(submitted).toISOString(),
    decideBy: new Date(submitted + 86_400_000).toISOString(),
    breakGlass: false,
    escalatedAt: null,
    decisions: [],
    ...more,
  };
}

/** What somebody wants, on the digest that they saw. */
export function wanted(by: Person, more: Partial<WantedDecision> = {}): WantedDecision {
  return { decision: 'approve', digest, person: by, comment: '', ...more };
}

/** A decision as the workflow keeps it. */
export function decided(by: Person, more: Partial<Decision> = {}): Decision {
  const at = new Date(submitted + 1000).toISOString();
  const { decision, comment } = wanted(by);
  return { decision, comment, person: by, digest, round: 1, stage: 'first', at, counts: true, ...more };
}

/** The change after one more decision that the rule allows. @throws CountersignError the refusal */
export function after(change: DecisionFacts, by: Person, more: Partial<WantedDecision> = {}): DecisionFacts {
  const want = wanted(by, more);
  const now = submitted + 1000;
  if (allowed(judgeDecision(change, want, now)) === 'repeated') return change;
  const decisions = [...change.decisions, decisionOf(change, want, now)];
  return { ...change, decisions, decisionStatus: decisionOutcome({ ...change, decisions }) };
}

/** The code with which work is refused, or what it answers. */
export function codeOf(work: () => unknown): unknown {
  try {
    const answer = work() ?? 'allowed';
    return isRefused(answer) ? answer.code : answer;
  } catch (error) {
    return error instanceof CountersignError ? error.code : error;
  }
}
