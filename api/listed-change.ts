import type { Change } from '../domain/change.ts';
import type { Person } from '../domain/person.ts';
import { isIntact } from './intact.ts';
import type { RefusalLog } from './refusal-log.ts';

/** A change as a list has it: enough to know it again, and to see what it waits for. */
export type ListedChange = Pick<
  Change,
  | 'id'
  | 'version'
  | 'operation'
  | 'input'
  | 'target'
  | 'justification'
  | 'ticket'
  | 'breakGlass'
  | 'decisionStatus'
  | 'executionStatus'
  | 'reviewStatus'
  | 'submittedAt'
  | 'decideBy'
  | 'executeAfter'
  | 'executeBy'
  | 'escalatedAt'
  | 'round'
  | 'missing'
  | 'outcome'
  | 'closedAt'
> & {
  readonly requester: Pick<Person, 'issuer' | 'subject' | 'name' | 'issuedBy' | 'vouchedBy'>;
  readonly policy: Pick<Change['policy'], 'name' | 'version'>;
  /** Made anew from what is stored; null before the precheck, and where the change is not intact. */
  readonly digest: string | null;
  /** Whether it is the change that its digest was made of. Another one cannot be looked at or decided. */
  readonly intact: boolean;
};

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
