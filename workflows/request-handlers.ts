import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import type { Change, Decision, SignedRequest } from '../domain/change.ts';
import { next, withDecision } from '../domain/change-state.ts';
import { judgeDecision } from '../domain/decision.ts';
import type { EntryDraft, EventType } from '../domain/entry.ts';
import { CountersignError } from '../domain/error.ts';
import { judgeExecution, judgeWithdrawal } from '../domain/execution.ts';
import type { ExecutionAction } from '../domain/execution.ts';
import type { JsonObject } from '../domain/change.ts';
import type { Statement } from '../domain/statement.ts';
import { isoTime } from '../domain/time.ts';
import { personActor } from '../domain/entry.ts';
import { decideUpdate, executionUpdate, withdrawUpdate } from './messages.ts';
import type { Run } from './run.ts';

/**
 * The updates that people send by the API. A validator asks the rule, in workflow time; the handler takes its effect at
 * once, so that whatever comes next sees it, and answers when its entry is durable.
 */
export function handleRequests(run: Run): void {
  setHandler(decideUpdate, (request: SignedRequest) => decideWhenRead(run, request), {
    validator: (request: SignedRequest) => {
      judged(run, request, 'decision', (s) => mayCome(run.change, wanted(s), Date.now()));
    },
  });
  setHandler(withdrawUpdate, (request: SignedRequest) => inTurn(run, () => withdraw(run, request)), {
    validator: (request: SignedRequest) => {
      judged(run, request, 'withdrawal', (s) => judgeWithdrawal(run.change, s.person, run.callStarted));
    },
  });
  setHandler(executionUpdate, (request: SignedRequest) => inTurn(run, () => control(run, request)), {
    validator: (request: SignedRequest) => {
      judged(run, request, 'execution', (s) =>
        judgeExecution(run.change, s.action as ExecutionAction, s.person),
      );
    },
  });
}

async function decideWhenRead(run: Run, request: SignedRequest): Promise<Change> {
  const now = Date.now();
  await condition(() => !isBeingRead(run.change));
  return inTurn(run, () => decide(run, request, now));
}

/** From here on the request is among those that everything waits for; they take their effects one after another. */
async function inTurn<T>(run: Run, work: () => Promise<T>): Promise<T> {
  run.recording += 1;
  try {
    while (run.busy) await condition(() => !run.busy);
    run.busy = true;
    try {
      return await work();
    } finally {
      run.busy = false;
    }
  } finally {
    run.recording -= 1;
  }
}

/** `now`: when the decision came, in workflow time, ms. What came before decide-by counts, however long its turn took. */
async function decide(run: Run, { signed, source }: SignedRequest, now: number): Promise<Change> {
  const { statement } = signed;
  const asked = wanted(statement);
  // Asked again: another request may have taken its effect since the validator looked.
  const verdict = judged(run, { signed, source }, 'decision', () => judgeDecision(run.change, asked, now));
  if (verdict === 'repeated') return run.change;
  const decision: Decision = {
    ...asked,
    comment: statement.comment,
    round: run.change.round,
    at: isoTime(now),
    counts: true,
  };
  const after = withDecision(run.change, decision, run.executeWithinMs);
  await take(run, after, { signed, source }, () => {
    if (decision.decision === 'approve') run.approvals.push(signed);
    return [
      requestEntry(run, after, decision.decision === 'approve' ? 'decision.approved' : 'decision.rejected', {
        signed,
        source,
      }),
      ...(after.executionStatus === 'scheduled'
        ? [
            requestEntry(
              run,
              after,
              'change.scheduled',
              { signed, source },
              {
                executeAfter: after.executeAfter,
                executeBy: after.executeBy,
              },
            ),
          ]
        : []),
    ];
  });
  return run.change;
}

async function withdraw(run: Run, request: SignedRequest): Promise<Change> {
  judged(run, request, 'withdrawal', (s) => judgeWithdrawal(run.change, s.person, run.callStarted));
  const after = next(run.change, { decisionStatus: 'withdrawn' });
  await take(run, after, request, () => [requestEntry(run, after, 'change.withdrawn', request)]);
  return run.change;
}

async function control(run: Run, request: SignedRequest): Promise<Change> {
  const action = request.signed.statement.action as ExecutionAction;
  judged(run, request, 'execution', (s) => judgeExecution(run.change, action, s.person));
  const after = next(run.change, {
    ...(action === 'pause' ? { executionStatus: 'paused' as const } : {}),
    ...(action === 'resume' ? { executionStatus: 'scheduled' as const } : {}),
  });
  const types = {
    pause: 'change.paused',
    resume: 'change.resumed',
    retry: 'change.retried',
    abandon: 'change.abandoned',
  } as const;
  await take(run, after, request, () => [requestEntry(run, after, types[action], request)]);
  run.command = action === 'resume' ? null : action;
  return run.change;
}

/** Takes the effect at once and makes it durable; a statement that the API did not sign is taken back. */
async function take(
  run: Run,
  after: Change,
  request: SignedRequest,
  entries: () => EntryDraft[],
): Promise<void> {
  const before = run.change;
  const approvals = [...run.approvals];
  run.change = after;
  try {
    await run.record(entries(), [request.signed]);
  } catch (error) {
    run.change = { ...before, version: run.change.version + 1 };
    run.approvals = approvals;
    throw error;
  }
}

function requestEntry(
  run: Run,
  after: Change,
  type: EventType,
  request: SignedRequest,
  members: JsonObject = {},
): EntryDraft {
  const { statement, keyId, signature } = request.signed;
  return run.entry(after, type, personActor(statement.person), {
    comment: statement.comment,
    statement: statement as unknown as JsonObject,
    signature: { keyId, value: signature },
    source: request.source,
    ...members,
  });
}

/**
 * An approver may see the digest in Postgres a moment before the workflow hears of its precheck: such a decision comes
 * in and waits, instead of being refused for coming too early.
 */
function mayCome(change: Change, asked: ReturnType<typeof wanted>, now: number): void {
  judgeDecision(isBeingRead(change) ? { ...change, digest: asked.digest } : change, asked, now);
}

function isBeingRead(change: Change): boolean {
  return change.digest === null && change.decisionStatus === 'pending';
}

function wanted(statement: Statement) {
  const { person, digest } = statement;
  const decision: 'approve' | 'reject' = statement.action === 'approve' ? 'approve' : 'reject';
  return { decision, digest: digest ?? '', person };
}

/** A rule's refusal as the failure that crosses the boundary; only its type survives that. */
function judged<T>(run: Run, request: SignedRequest, kind: Statement['kind'], rule: (s: Statement) => T): T {
  const { statement } = request.signed;
  try {
    if (statement.kind !== kind || statement.changeId !== run.change.id) {
      throw new CountersignError('invalid_request', `not a ${kind} of this change`);
    }
    return rule(statement);
  } catch (error) {
    if (error instanceof CountersignError) throw ApplicationFailure.nonRetryable(error.message, error.code);
    throw error;
  }
}
