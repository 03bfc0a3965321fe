import { randomUUID } from 'node:crypto';
import type { Change } from '../../domain/change.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Person } from '../../domain/person.ts';

/** A person of the tests. */
export function person(subject: string, groups: string[] = []): Person {
  return {
    issuer: 'https://id.example',
    subject,
    name: subject,
    roles: ['requester', 'approver'],
    groups,
    authentication: { methods: [], at: null },
  };
}

/** A pending change on a target of its own. */
export function change(more: Partial<Change> = {}): Change {
  const sn = randomUUID();
  return {
    id: randomUUID(),
    version: 1,
    operation: 'ActiveCaCertificate',
    input: { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', sn },
    target: `cn-hangzhou/post-cn-1/${sn}`,
    requester: person('alice'),
    justification: 'devices must connect again',
    ticket: null,
    breakGlass: false,
    policy: { ...fourEyes, stages: [{ name: 'one', groups: [{ group: null, threshold: 1 }] }] },
    decisionStatus: 'pending',
    executionStatus: 'not_started',
    reviewStatus: 'none',
    submittedAt: '2026-11-24T09:00:00.000Z',
    decideBy: '2026-12-01T09:00:00.000Z',
    executeAfter: null,
    executeBy: null,
    snapshot: null,
    digest: 'f'.repeat(64),
    round: 1,
    escalatedAt: null,
    decisions: [],
    missing: [{ stage: 'one', group: null, seats: 1, alsoFrom: [] }],
    outcome: null,
    stopWords: 0,
    review: null,
    closedAt: null,
    ...more,
  };
}
