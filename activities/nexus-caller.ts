import { getClient } from '@temporalio/activity';
import type { temporal } from '@temporalio/proto';
import { gateNexus, gateWorkflowIdOf } from '../domain/gate.ts';
import type { Host } from '../domain/host.ts';
import { answered, described, firstEvent, refusal } from './executions.ts';
import type { Execution } from './executions.ts';

/**
 * The workflow whose Nexus operation has started a gate. The gate's first event links to it, as whoever starts a workflow
 * may write there; so the operation is looked up in the caller's own history.
 */
export async function nexusCaller(namespace: string, gate: Execution): Promise<Host | null> {
  const first = await firstEvent(namespace, gate);
  const callbacks = first?.workflowExecutionStartedEventAttributes?.completionCallbacks ?? [];
  // Temporal keeps a link that came twice at one of the two places.
  const links = [...(first?.links ?? []), ...callbacks.flatMap(({ links: own }) => own ?? [])];
  const link = links.find(({ workflowEvent }) => workflowEvent)?.workflowEvent;
  const eventId = Number(link?.eventRef?.eventId ?? 0);
  if (!link?.namespace || !link.workflowId || !link.runId || eventId < 1) return null;
  const { namespace: callers, workflowId, runId } = link;
  const there = await described(callers, { workflowId, runId });
  const operation = there && (await nexusOperationOf(callers, { workflowId, runId }, eventId));
  const { scheduled, startedRunId = null, hasEnded = false } = operation ?? {};
  if (
    scheduled?.service !== gateNexus.service ||
    gateWorkflowIdOf(scheduled.requestId ?? '') !== gate.workflowId
  )
    throw refusal(`workflow ${workflowId} in namespace ${callers} has no such Nexus operation`);
  // Whoever knows the id of a gate that has ended could start another one under it.
  const firstRunId = first?.workflowExecutionStartedEventAttributes?.firstExecutionRunId;
  if (hasEnded || (startedRunId !== null && startedRunId !== firstRunId))
    throw refusal(`the Nexus operation of workflow ${workflowId} in namespace ${callers} is another gate’s`);
  return { namespace: callers, workflowId, runId, type: there?.type ?? '' };
}

/** The Nexus operation that an event of a history has scheduled, with what has come of it; null: none. */
async function nexusOperationOf(namespace: string, execution: Execution, eventId: number) {
  let nextPageToken: Uint8Array = new Uint8Array();
  /** The workflow's run that has taken it up; null until the history says. */
  let startedRunId: string | null = null;
  let hasEnded = false;
  do {
    // Newest first: it has been scheduled a moment ago, and what has come of it stands before.
    const page = await answered(() =>
      getClient().workflowService.getWorkflowExecutionHistoryReverse({
        namespace,
        execution,
        maximumPageSize: 100,
        nextPageToken,
      }),
    );
    const events = page.history?.events ?? [];
    for (const event of events) {
      const started = event.nexusOperationStartedEventAttributes;
      if (Number(event.eventId) === eventId) {
        const scheduled = event.nexusOperationScheduledEventAttributes;
        return scheduled ? { scheduled, startedRunId, hasEnded } : null;
      }
      if (Number(started?.scheduledEventId) === eventId) {
        const link = event.links?.find(({ workflowEvent }) => workflowEvent)?.workflowEvent;
        startedRunId = link?.runId ?? null;
      }
      if (Number(nexusEndOf(event)?.scheduledEventId) === eventId) hasEnded = true;
    }
    ({ nextPageToken } = page);
  } while (nextPageToken.length > 0);
  return null;
}

function nexusEndOf(event: temporal.api.history.v1.IHistoryEvent) {
  return (
    event.nexusOperationCompletedEventAttributes ??
    event.nexusOperationFailedEventAttributes ??
    event.nexusOperationCanceledEventAttributes ??
    event.nexusOperationTimedOutEventAttributes
  );
}
