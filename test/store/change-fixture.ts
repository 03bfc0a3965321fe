import { randomUUID } from 'node:crypto';
import type { Change } from '../../domain/change.ts';
import { digestTextOf } from '../../domain/digest.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Person } from '../../domain/person.ts';
import { honest, sha256 } from '../support/honest.ts';
import { pins } from '../support/operations.ts';
import { caTarget } from '../support/target.ts';

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

/** A pending change on a target of its own, with the digests of what it says, whatever that is. */
export function change(more: Partial<Change> = {}): Change {
  const sn = randomUUID();
  const { executeBy = null } = more;
  const input = more.input ?? { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', sn };
  const policy = more.policy ?? {
    ...fourEyes,
    stages: [{ name: 'one', groups: [{ group: null, threshold: 1 }] }],
  };
  const made: Change = {
    id: randomUUID(),
    version: 1,
    operation: 'ActiveCaCertificate',
    ...pins,
    input,
    // Of its own, whatever the input is, so that several may be open.
    target: { ...caTarget(input), id: `target-${sn}` },
    requester: person('alice'),
    justification: 'devices must connect again',
    ticket: null,
    breakGlass: false,
    decisionStatus: 'pending',
    executionStatus: 'not_started',
    reviewStatus: 'none',
    submittedAt: '2026-11-24T09:00:00.000Z',
    decideBy: '2026-12-01T09:00:00.000Z',
    executeAfter: null,
    executeBy: null,
    asked: { executeBy, executeWithinMs: policy.executeWithinMs },
    snapshot: null,
    digest: null,
    round: 1,
    escalatedAt: null,
    decisions: [],
    missing: [{ stage: 'one', group: null, seats: 1, alsoFrom: [] }],
    outcome: null,
    stopWords: 0,
    standing: 'going',
    reason: null,
    calls: { started: 0, open: [], called: false, succeeded: false },
    review: null,
    closedAt: null,
    ...more,
    policy: honest(policy),
  };
  if (more.digest !== undefined) return made;
  return { ...made, digest: sha256(digestTextOf(made, made.snapshot, made.round)) };
}
