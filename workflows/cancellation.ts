import type { CancellationScope } from '@temporalio/workflow';
import { log } from '@temporalio/workflow';
import { hostMembers } from '../domain/host.ts';
import type { Host } from '../domain/host.ts';
import type { ChangeContext } from './change-context.ts';

/**
 * A change whose workflow is cancelled, with its host or by hand, is withdrawn at once. Where a call has begun it
 * is abandoned: it is not made again, and what the target shows decides.
 */
export function handleCancellation(context: ChangeContext, root: CancellationScope, host: Host | null): void {
  const code = host ? 'host_cancelled' : 'workflow_cancelled';
  const command = { kind: 'cancel', code, host: host && hostMembers(host) } as const;
  root.cancelRequested
    .catch(async () => {
      const refusal = await context.applyInStore(command, Date.now());
      if (refusal) throw refusal;
    })
    .catch((error: unknown) => log.warn('a cancellation was not recorded', { error }));
}
