import { setHandler } from '@temporalio/workflow';
import type { SignedRequest } from '../domain/change.ts';
import { next } from '../domain/change-state.ts';
import { judgeExecution } from '../domain/execution.ts';
import type { ExecutionAction } from '../domain/execution.ts';
import { abandoned } from './ending.ts';
import { executionUpdate } from './messages.ts';
import type { Run } from './run.ts';
import { inTurn, judged, requestEntry, take } from './turn.ts';

/** An operator's pause, resume, retry and abandon. */
export function handleControl(run: Run): void {
  setHandler(executionUpdate, (request: SignedRequest) => inTurn(run, () => control(run, request)), {
    validator: (request: SignedRequest) => {
      judged(run, request, 'execution', (s) =>
        judgeExecution(run.change, s.action as ExecutionAction, s.person, run.callStarted),
      );
    },
  });
}

async function control(run: Run, request: SignedRequest): Promise<void> {
  const action = request.signed.statement.action as ExecutionAction;
  judged(run, request, 'execution', (s) => judgeExecution(run.change, action, s.person, run.callStarted));
  // After a call and a drift: nobody is asked any more.
  const undecided = run.change.decisionStatus === 'pending';
  const after = next(run.change, {
    ...(undecided ? { decisionStatus: 'withdrawn' as const } : {}),
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
  if (undecided) run.calledOff = abandoned;
  run.command = action === 'resume' ? null : action;
}
