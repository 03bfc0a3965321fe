import { decisionOf, decisionOutcome, judgeDecision } from '../domain/decision.ts';
import type { DecisionFacts } from '../domain/decision.ts';
import { fourEyes } from '../domain/four-eyes.ts';
import type { Person } from '../domain/person.ts';
import { latency, rounded } from './measure.ts';

const digest = 'a'.repeat(64);
const now = Date.parse('2026-11-24T09:00:00.000Z');

/** How the people are spread over the groups. */
const spreads: Record<string, (person: number, groups: number) => number[]> = {
  'one group each': (i, groups) => [i % groups],
  'three groups each, in chains': (i, groups) => [0, 1, 2].map((k) => (i + k) % groups),
  'every group': (_, groups) => Array.from({ length: groups }, (_none, g) => g),
};

/** One decision judged and counted where everybody else has decided: 10 people in 2 groups, and 1,000 in 50. */
export function benchDecisions(options: {
  readonly rounds: number;
  readonly few: number;
  readonly many: number;
}) {
  const { rounds, few, many } = options;
  return {
    target: 'ratio of p50 <= 100',
    spreads: Object.fromEntries(
      Object.entries(spreads).map(([name, spread]) => {
        const small = evaluation(10, 2, spread);
        const large = evaluation(1000, 50, spread);
        timed(small, few);
        timed(large, many);
        const [ofSmall, ofLarge]: [number[], number[]] = [[], []];
        for (let round = 0; round < rounds; round += 1) {
          ofSmall.push(...timed(small, few));
          ofLarge.push(...timed(large, many));
        }
        const [a, b] = [latency(ofSmall), latency(ofLarge)];
        return [name, { microseconds: { 10: a, 1000: b }, ratioP50: rounded(b.p50 / a.p50) }];
      }),
    ),
  };
}

/** All seats but one are taken and the last person takes it: how long that is judged and counted, in microseconds. */
function evaluation(
  people: number,
  groups: number,
  spread: (i: number, groups: number) => number[],
): () => number {
  const names = Array.from({ length: groups }, (_, g) => `group-${g}`);
  const all = Array.from({ length: people }, (_, i): Person => ({
    issuer: 'https://id.example',
    subject: `person-${i}`,
    name: `Person ${i}`,
    roles: ['approver'],
    groups: spread(i, groups).map((g) => names[g] ?? ''),
    authentication: { methods: [], at: null },
  }));
  const change: DecisionFacts = {
    requester: { issuer: 'https://id.example', subject: 'alice' },
    policy: {
      ...fourEyes,
      stages: [{ name: 'all', groups: names.map((group) => ({ group, threshold: people / groups })) }],
      groups: Object.fromEntries(names.map((group) => [group, { source: 'token' as const }])),
    },
    decisionStatus: 'pending',
    digest,
    round: 1,
    submittedAt: new Date(now).toISOString(),
    decideBy: new Date(now + 86_400_000).toISOString(),
    breakGlass: false,
    escalatedAt: null,
    decisions: [],
  };
  const wanted = (person: Person) => ({ decision: 'approve', digest, person, comment: '' }) as const;
  const decided = all.slice(1).map((person) => ({
    ...wanted(person),
    round: 1,
    stage: 'all',
    at: change.submittedAt,
    counts: true,
  }));
  const last = wanted(all[0] ?? raise());
  return () => {
    // As read from Postgres: nothing of it was seen before.
    const before = structuredClone({ ...change, decisions: decided });
    const began = performance.now();
    if (judgeDecision(before, last, now) !== 'new') raise();
    const decisions = [...before.decisions, decisionOf(before, last, now)];
    if (decisionOutcome({ ...before, decisions }) !== 'approved') raise();
    return 1000 * (performance.now() - began);
  };
}

function raise(): never {
  throw new Error('the benchmark decides otherwise than it should');
}

function timed(work: () => number, times: number): number[] {
  return Array.from({ length: times }, work);
}
