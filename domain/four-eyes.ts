import type { PinnedPolicy } from './policy.ts';

const day = 86_400_000;

/** The built-in policy: one approver who is not the requester, within a week, and a day for the call. */
export const fourEyes: PinnedPolicy = {
  name: 'four-eyes',
  version: '1',
  // SHA-256 of the canonical JSON of the other members; a test makes it again (no hashing in a workflow).
  digest: 'ab1119e5e8bebfed06dcb4cb3e25eb6b92b0540ceb4484895bac13ec49b9215b',
  stages: [{ name: 'approval', groups: [{ group: null, threshold: 1 }] }],
  reject: { kind: 'any' },
  commentRequired: 'never',
  decideWithinMs: 7 * day,
  executeWithinMs: day,
  remindersMs: [],
  escalation: null,
  delegations: [],
  windows: [],
  freezeOverride: null,
  precheck: 'required',
  breakGlass: null,
  standard: false,
  authentication: null,
  ticket: null,
  groups: {},
};
