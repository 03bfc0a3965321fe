import type { Change } from '../domain/change.ts';
import type { ListedChange } from './change-view.ts';
import { isIntact } from './intact.ts';
import type { RefusalLog } from './refusal-log.ts';

/**
 * A stored change as a list has it. Its digest is compared as for everybody who looks at it.
 * @throws CountersignError `log_unavailable` when a difference cannot be recorded
 */
export async function listedChange(
  refusals: Pick<RefusalLog, 'differs'>,
  change: Change,
): Promise<ListedChange> {
  const { id, version, operation, input, target, justification, ticket, breakGlass } = change;
  const { decisionStatus, executionStatus, reviewStatus, round, missing, outcome, digest } = change;
  const { submittedAt, decideBy, executeAfter, executeBy, escalatedAt, closedAt } = change;
  const { issuer, subject, name, issuedBy, vouchedBy } = change.requester;
  const intact = await isIntact(refusals, change);
  return {
    id,
    version,
    operation,
    input,
    target,
    requester: {
      issuer,
      subject,
      name,
      ...(issuedBy ? { issuedBy } : {}),
      ...(vouchedBy ? { vouchedBy } : {}),
    },
    justification,
    ticket,
    breakGlass,
    policy: { name: change.policy.name, version: change.policy.version },
    decisionStatus,
    executionStatus,
    reviewStatus,
    submittedAt,
    decideBy,
    executeAfter,
    executeBy,
    escalatedAt,
    round,
    digest: intact ? digest : null,
    intact,
    missing,
    outcome,
    closedAt,
  };
}
