import type { Client } from '@temporalio/client';
import { mayHaveBeenSent } from '../domain/attempt.ts';
import { workflowIdOf } from '../domain/change.ts';
import type { Attempt } from '../domain/change.ts';
import type { Requested } from '../domain/change-event.ts';
import { CountersignError } from '../domain/error.ts';
import { hostEndedSignalName } from '../domain/host.ts';
import type { Host, KeyedHost } from '../domain/host.ts';
import { described, firstRunOf } from './executions.ts';
import { goesOn, runsOn } from './host.ts';

/**
 * Right before a call: whether no run of the host goes on. Once a call of the change may have been sent, it goes on without.
 *
 * @param host - the workflow that waits for the change, as the change's own knows it; null: there is none
 * @throws errors of Temporal where it cannot tell now
 */
export async function hasHostEnded(host: KeyedHost | null, attempts: readonly Attempt[]): Promise<boolean> {
  if (host === null || attempts.some(mayHaveBeenSent)) return false;
  return !(await goesOn(host, true));
}

/**
 * Tells a change that its host has ended, where that is so: as Temporal does itself when a parent closes. A run that is reset
 * ends without a word to its children, and each of them goes on.
 *
 * @param requested - the first entry of the change
 * @param namespace - that of its workflow
 * @returns whether it was told; it withdraws itself then, unless a call has begun
 */
export async function endWithHost(client: Client, namespace: string, requested: Requested): Promise<boolean> {
  const { changeId, idempotency } = requested;
  const host = requested.host as unknown as Host | undefined;
  if (!host) return false;
  const isKeyed = idempotency !== null;
  const workflowId = workflowIdOf(changeId);
  try {
    // A gate that stands between the two goes on without the host where that has wanted it so, and tells the change itself.
    const own = await described(namespace, { workflowId }, client);
    if (own?.parent?.workflowId !== host.workflowId || own.parent.runId !== host.runId) return false;
    const firstRunId = isKeyed ? await firstRunOf(host.namespace, host, client) : null;
    // Where Temporal has forgotten the run that asked, nothing is known of its chain.
    if (isKeyed && firstRunId === null) return false;
    if (await runsOn({ ...host, firstRunId }, true, client)) return false;
  } catch (error) {
    // Temporal tells this worker nothing of the host: the call asks for longer.
    if (error instanceof CountersignError) return false;
    throw error;
  }
  const workflow = client.workflow.getHandle(workflowId);
  // One that was handed over has heard of a cancellation before.
  await (isKeyed ? workflow.signal(hostEndedSignalName) : workflow.cancel());
  return true;
}
