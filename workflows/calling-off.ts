import { setHandler } from '@temporalio/workflow';
import type { SignedRequest } from '../domain/change.ts';
import { next } from '../domain/change-state.ts';
import { judgeRevocation, judgeTakeover, judgeWithdrawal } from '../domain/execution.ts';
import { revokeUpdate, takeOverUpdate, withdrawUpdate } from './messages.ts';
import type { Run } from './run.ts';
import { inTurn, judged, requestEntry, take } from './turn.ts';

/** What ends a change before its call: its withdrawal, a break-glass change on its target, its policy's revocation. */
export function handleCallingOff(run: Run): void {
  setHandler(withdrawUpdate, (request: SignedRequest) => inTurn(run, () => withdraw(run, request)), {
    validator: (request: SignedRequest) => mayWithdraw(run, request),
  });
  setHandler(takeOverUpdate, (request: SignedRequest) => inTurn(run, () => giveUp(run, request)), {
    validator: (request: SignedRequest) => mayTakeOver(run, request),
  });
  setHandler(revokeUpdate, (request: SignedRequest) => inTurn(run, () => revoke(run, request)), {
    validator: (request: SignedRequest) => mayRevoke(run, request),
  });
}

function mayWithdraw(run: Run, request: SignedRequest): void {
  judged(run, request, 'withdrawal', (s) => judgeWithdrawal(run.change, s.person, run.callStarted));
}

function mayTakeOver(run: Run, request: SignedRequest): void {
  judged(run, request, 'takeover', () => judgeTakeover(run.change, run.callStarted));
}

function mayRevoke(run: Run, request: SignedRequest): void {
  judged(run, request, 'revocation', (s) => judgeRevocation(run.change, s.person));
}

async function withdraw(run: Run, request: SignedRequest): Promise<void> {
  mayWithdraw(run, request);
  const after = next(run.change, { decisionStatus: 'withdrawn' });
  await take(run, after, request, () => [requestEntry(run, after, 'change.withdrawn', request)]);
  run.calledOff = { code: 'withdrawn', message: 'the change was withdrawn' };
}

async function giveUp(run: Run, request: SignedRequest): Promise<void> {
  mayTakeOver(run, request);
  const code = 'taken_over';
  const after = next(run.change, { decisionStatus: 'withdrawn' });
  await take(run, after, request, () => [requestEntry(run, after, 'change.withdrawn', request, { code })]);
  run.calledOff = { code, message: 'a break-glass change took over its target' };
}

/** A call that has started is abandoned: it is not made again, and what the target shows decides. */
async function revoke(run: Run, request: SignedRequest): Promise<void> {
  mayRevoke(run, request);
  const code = 'policy_revoked';
  const running = run.callStarted && run.change.decisionStatus === 'approved';
  const after = running ? next(run.change, {}) : next(run.change, { decisionStatus: 'refused' });
  const type = run.callStarted ? 'change.abandoned' : 'change.refused';
  await take(run, after, request, () => [requestEntry(run, after, type, request, { code })]);
  run.calledOff = { code, message: 'the policy was revoked' };
  if (run.callStarted) run.command = 'abandon';
}
