import type { CancellationScope } from '@temporalio/workflow';
import { log, proxyActivities } from '@temporalio/workflow';
import type { LogActivities } from '../activities/contract.ts';
import type { Change } from '../domain/change.ts';
import { next } from '../domain/change-state.ts';
import { workerActor } from '../domain/entry.ts';
import { hostMembers } from '../domain/host.ts';
import type { Host } from '../domain/host.ts';
import { mayBeCancelled } from '../domain/stop.ts';
import { recordOptions } from './record-options.ts';
import type { Run } from './run.ts';
import { inTurn } from './turn.ts';

const { cancelChange } = proxyActivities<Pick<LogActivities, 'cancelChange'>>(recordOptions);

/**
 * A change whose workflow is cancelled, with its host or by hand, is withdrawn at once. Where a call has begun it
 * is abandoned: it is not made again, and what the target shows decides.
 */
export function handleCancellation(run: Run, root: CancellationScope, host: Host | null): void {
  root.cancelRequested
    .catch(() => inTurn(run, () => callOff(run, host)))
    .catch((error: unknown) => log.warn('a cancellation was not recorded', { error }));
}

async function callOff(run: Run, host: Host | null): Promise<void> {
  const { change, standing, callStarted } = run;
  if (!mayBeCancelled(change, standing)) return;
  run.standing = host ? 'host_cancelled' : 'workflow_cancelled';
  const members = { code: run.standing, ...(host ? { host: hostMembers(host) } : {}) };
  const recording = (after: Change, type: 'change.withdrawn' | 'change.abandoned') => ({
    change: after,
    entries: [run.entry(after, type, workerActor, members)],
  });
  const withdrawn = recording(next(change, { decisionStatus: 'withdrawn' }), 'change.withdrawn');
  run.change = withdrawn.change;
  if (!callStarted) {
    await run.record(withdrawn.entries);
    return;
  }
  // In a round that nobody has decided: nobody is asked any more.
  const isApproved = change.decisionStatus === 'approved';
  const after = next(change, isApproved ? {} : { decisionStatus: 'withdrawn' });
  const abandoned = recording(after, 'change.abandoned');
  run.change = after;
  const word = await cancelChange({ withdrawn, abandoned });
  if (word === 'withdrawn') run.change = withdrawn.change;
}
