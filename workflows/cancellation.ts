import type { CancellationScope } from '@temporalio/workflow';
import { log, proxyActivities, setHandler } from '@temporalio/workflow';
import type { LogActivities } from '../activities/contract.ts';
import { hostMembers } from '../domain/host.ts';
import type { KeyedHost } from '../domain/host.ts';
import type { ChangeContext } from './change-context.ts';
import { hostEndedSignal } from './messages.ts';
import { recordOptions } from './record-options.ts';

const { hostGoesOn } = proxyActivities<Pick<LogActivities, 'hostGoesOn'>>(recordOptions);

/**
 * A change whose workflow is cancelled, with its host or by hand, is withdrawn at once. Where a call has begun it
 * is abandoned: it is not made again, and what the target shows decides. A host that gave a key may go on in another run,
 * which follows the change: then it stays.
 */
export function handleCancellation(
  context: ChangeContext,
  root: CancellationScope,
  host: KeyedHost | null,
): void {
  root.cancelRequested
    .catch(async () => {
      // The next run would know nothing of it.
      context.isCancelling = true;
      if (host?.firstRunId != null && (await hostGoesOn({ host }))) context.handedOver = host;
      else await withdrawWithHost(context, host);
    })
    .finally(() => {
      context.isCancelling = false;
    })
    .catch((error: unknown) => log.warn('a cancellation was not recorded', { error }));
  if (host?.firstRunId == null) return;
  setHandler(hostEndedSignal, () =>
    withdrawWithHost(context, host).catch((error: unknown) =>
      log.warn('the end of the host was not recorded', { error }),
    ),
  );
}

/** Before a call: whether the change is withdrawn, since no run of its host follows it any more. */
export async function withdrawnWithHost(context: ChangeContext): Promise<boolean> {
  const { handedOver, unbound } = context;
  const host = handedOver ?? unbound;
  if (host === null || (await hostGoesOn({ host, orStill: handedOver === null }))) return false;
  await withdrawWithHost(context, host);
  return true;
}

/** Withdraws a change whose host has ended; where a call has begun, it is abandoned. @param host - null: it was cancelled by hand */
export async function withdrawWithHost(context: ChangeContext, host: KeyedHost | null): Promise<void> {
  const code = host ? 'host_cancelled' : 'workflow_cancelled';
  const command = { kind: 'cancel', code, host: host && hostMembers(host) } as const;
  const refusal = await context.applyInStore(command, Date.now());
  if (refusal) throw refusal;
}
