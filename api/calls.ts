import { auditCalls } from './calls/audit.ts';
import type { Call } from './calls/call.ts';
import { changeCalls } from './calls/changes.ts';
import { freezeCalls } from './calls/freezes.ts';
import { policyRevocationCalls } from './calls/policy-revocations.ts';
import { readingCalls } from './calls/readings.ts';
import { subscriptionCalls } from './calls/subscriptions.ts';
import { tokenCalls } from './calls/tokens.ts';
import { tokenlessCalls } from './calls/without-token.ts';

/** Every call that the API answers. */
export const calls: readonly Call[] = [
  ...changeCalls,
  ...freezeCalls,
  ...policyRevocationCalls,
  ...tokenCalls,
  ...subscriptionCalls,
  ...auditCalls,
  ...readingCalls,
  ...tokenlessCalls,
];
