import type { CancellationScope } from '@temporalio/workflow';
import { log } from '@temporalio/workflow';
import { next } from '../domain/change-state.ts';
import { workerActor } from '../domain/entry.ts';
import { judgeCancellation } from '../domain/execution.ts';
import { hostMembers } from '../domain/host.ts';
import type { Host } from '../domain/host.ts';
import type { Run } from './run.ts';
import { inTurn } from './turn.ts';

/**
 * A change whose workflow is cancelled, with its host or by hand, is withdrawn at once. Where a call may have been made it
 * is abandoned: it is not made again, and what the target shows decides.
 */
export function handleCancellation(run: Run, root: CancellationScope, host: Host | null): void {
  root.cancelRequested
    .catch(() => inTurn(run, () => callOff(run, host)))
    .catch((error: unknown) => log.warn('a cancellation was not recorded', { error }));
}

async function callOff(run: Run, host: Host | null): Promise<void> {
  const word = judgeCancellation(run.change, run.callStarted);
  if (word === null) return;
  const reason = host
    ? { code: 'host_cancelled', message: 'the workflow that asked for the change was cancelled or has ended' }
    : { code: 'workflow_cancelled', message: "the change's workflow was cancelled" };
  const isDecided = word === 'abandon' && run.change.decisionStatus === 'approved';
  run.change = next(run.change, isDecided ? {} : { decisionStatus: 'withdrawn' });
  run.calledOff = reason;
  const type = word === 'abandon' ? 'change.abandoned' : 'change.withdrawn';
  const members = { code: reason.code, ...(host ? { host: hostMembers(host) } : {}) };
  await run.record([run.entry(run.change, type, workerActor, members)]);
  if (word === 'abandon') run.command = 'abandon';
}
