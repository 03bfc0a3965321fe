import { ApplicationFailure } from '@temporalio/common';
import { refusalOfChannel } from '../domain/channel.ts';
import type { Change } from '../domain/change.ts';
import { decisionOutcome } from '../domain/decision.ts';
import { needsNobody } from '../domain/progress.ts';
import { askedFor, samePerson } from '../domain/person.ts';
import { submissionDigestOf } from './digest.ts';
import { outsideOfClocks } from '../domain/scheduling.ts';
import type { SignedStatement } from '../domain/statement.ts';

/** Refuses the call unless decisions that the API signed for this digest and round satisfy the policy. */
export function assertApproved(
  change: Change,
  approvals: readonly SignedStatement[],
  verify: (signed: SignedStatement) => boolean,
): void {
  // A break-glass change, and one that no person approves: the API must have verified the request itself.
  if (change.breakGlass || needsNobody(change)) {
    if (!approvals.some((signed) => attests(signed, change, verify))) {
      throw ApplicationFailure.nonRetryable('the change has no signed submission', 'bad_signature');
    }
    if (needsNobody(change)) return;
  }
  const signedFor = change.decisions.flatMap((decision) => {
    const signed = approvals.find(
      ({ statement }) =>
        statement.kind === 'decision' &&
        statement.action === 'approve' &&
        statement.changeId === change.id &&
        statement.digest === change.digest &&
        statement.round === change.round &&
        samePerson(statement.person, decision.person),
    );
    if (decision.decision !== 'approve' || signed === undefined || !verify(signed)) return [];
    // The groups and times come from the signed statements, not from the workflow.
    const { person, at, directory } = signed.statement;
    // The API and the workflow have asked this before; the worker does not rely on it.
    if (refusalOfChannel(change.policy, person, 'approve') !== null) return [];
    return [{ ...decision, person, at, directory: directory ?? [] }];
  });
  const independent = signedFor.every((d) => !askedFor(change.requester, d.person));
  if (!independent || decisionOutcome({ ...change, decisions: signedFor }) !== 'approved') {
    throw ApplicationFailure.nonRetryable('the policy is not satisfied by signed decisions', 'bad_signature');
  }
}

/** Whether the API has signed a submission: this person asked for exactly this change. */
export function attests(
  signed: SignedStatement,
  change: Change,
  verify: (signed: SignedStatement) => boolean,
): boolean {
  const { kind, changeId, person, digest } = signed.statement;
  return (
    kind === 'submission' &&
    changeId === change.id &&
    samePerson(person, change.requester) &&
    digest === submissionDigestOf(change) &&
    verify(signed)
  );
}

/**
 * An approval is spent once its change has ended or its time has passed, as Postgres has them: a workflow that was reset
 * calls nothing with it. Nor is anything called before its time, by whoever hands the approval to the worker.
 */
export function assertOpen(stored: Change | null, now: number): void {
  const spent = (message: string, nonRetryable: boolean) =>
    ApplicationFailure.create({ type: 'approval_spent', message, nonRetryable });
  if (stored === null) throw spent('the change is not recorded', true);
  if (stored.closedAt !== null) throw spent(`the change ended at ${stored.closedAt}`, true);
  if (stored.executeBy === null) throw spent('the approval is not recorded', true);
  // This is the worker's clock. The workflow ends a change that is late by its own clock, with the result of its calls, and
  // waits by it for execute-after: where the two differ, the call is tried again.
  const { executeAfter, executeBy } = stored;
  const outside = outsideOfClocks(stored, now);
  if (outside === 'late') throw spent(`no call is allowed after ${executeBy}`, false);
  if (outside === 'early') {
    const message = `no call is allowed before ${executeAfter}`;
    throw ApplicationFailure.create({ type: 'too_early', message });
  }
}
