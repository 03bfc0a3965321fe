import { CancellationScope, condition, setHandler } from '@temporalio/workflow';
import type { Change, SignedRequest } from '../domain/change.ts';
import { withDecision, withoutDecision } from '../domain/change-state.ts';
import { decisionOf, judgeDecision, judgeTakeBack } from '../domain/decision.ts';
import type { WantedDecision } from '../domain/decision.ts';
import { samePerson } from '../domain/person.ts';
import type { Statement } from '../domain/statement.ts';
import { decideUpdate, withdrawDecisionUpdate } from './messages.ts';
import type { Run } from './run.ts';
import { scheduledByRule, scheduling } from './scheduling.ts';
import { inTurn, judged, requestEntry, take } from './turn.ts';

/** Approvals, rejections, and decisions that are taken back. */
export function handleDecisions(run: Run): void {
  setHandler(
    withdrawDecisionUpdate,
    (request: SignedRequest) => {
      const now = Date.now();
      return inTurn(run, () => takeBack(run, request, now));
    },
    { validator: (request: SignedRequest) => mayTakeBack(run, request, Date.now()) },
  );
  setHandler(decideUpdate, (request: SignedRequest) => decideWhenRead(run, request), {
    validator: (request: SignedRequest) => {
      judged(run, request, 'decision', (s) => mayCome(run.change, wanted(s), Date.now()));
    },
  });
}

async function decideWhenRead(run: Run, request: SignedRequest): Promise<void> {
  const now = Date.now();
  await CancellationScope.nonCancellable(() => condition(() => !isBeingRead(run.change)));
  return inTurn(run, () => decide(run, request, now));
}

/** `now`: when the decision came, in workflow time, ms. What came before decide-by counts, however long its turn took. */
async function decide(run: Run, { signed, source }: SignedRequest, now: number): Promise<void> {
  const { statement } = signed;
  const asked = wanted(statement);
  // Asked again: another request may have taken its effect since the validator looked.
  const verdict = judged(run, { signed, source }, 'decision', () => judgeDecision(run.change, asked, now));
  if (verdict === 'repeated') return;
  const decision = decisionOf(run.change, asked, now);
  const after = withDecision(run.change, decision, run.executeWithinMs);
  await take(run, after, { signed, source }, () => {
    if (decision.decision === 'approve') run.approvals.push(signed);
    return [
      requestEntry(
        run,
        after,
        decision.decision === 'approve' ? 'decision.approved' : 'decision.rejected',
        { signed, source },
        // What the approver was shown, whose digest the statement has.
        { input: after.input, snapshot: after.snapshot },
      ),
      ...(after.executionStatus === 'scheduled'
        ? [requestEntry(run, after, 'change.scheduled', { signed, source }, scheduling(after))]
        : []),
    ];
  });
}

function mayTakeBack(run: Run, request: SignedRequest, now: number): void {
  judged(run, request, 'decision_withdrawal', (s) => judgeTakeBack(run.change, s.person, now));
}

/** `now`: when it came, as for a decision. */
async function takeBack(run: Run, request: SignedRequest, now: number): Promise<void> {
  mayTakeBack(run, request, now);
  const { person } = request.signed.statement;
  const after = withoutDecision(run.change, person, now, run.executeWithinMs);
  await take(run, after, request, () => {
    run.approvals = run.approvals.filter(({ statement }) => !samePerson(statement.person, person));
    return [requestEntry(run, after, 'decision.withdrawn', request), ...scheduledByRule(run, after)];
  });
}

/**
 * An approver may see the digest in Postgres a moment before the workflow hears of its precheck: such a decision comes
 * in and waits, instead of being refused for coming too early.
 */
function mayCome(change: Change, asked: WantedDecision, now: number): void {
  judgeDecision(isBeingRead(change) ? { ...change, digest: asked.digest } : change, asked, now);
}

function isBeingRead(change: Change): boolean {
  return change.digest === null && change.decisionStatus === 'pending';
}

function wanted(statement: Statement): WantedDecision {
  const { person, digest, comment, directory } = statement;
  const decision = statement.action === 'approve' ? 'approve' : 'reject';
  return { decision, digest: digest ?? '', person, comment, ...(directory ? { directory } : {}) };
}
