import { workflowInfo } from '@temporalio/workflow';
import type { Change } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import { changeMembers } from '../domain/entry.ts';
import type { EntryDraft, EventType } from '../domain/entry.ts';
import { isoTime } from '../domain/time.ts';

/**
 * Makes the entries of one workflow run. The key counts in workflow code, not by a clock or a run id, so that a
 * repeated delivery carries the same key and the same bytes. The default time is fixed once the activity that carries it is in
 * the history: a local activity needs a time that is fixed before.
 */
export function makeEntryWriter(): (
  change: Change,
  type: EventType,
  actor: JsonObject,
  members?: JsonObject,
  time?: string,
) => EntryDraft {
  const ordinals = new Map<EventType, number>();
  const { namespace, workflowId, runId } = workflowInfo();
  return (change, type, actor, members = {}, time = isoTime(Date.now())) => {
    const ordinal = (ordinals.get(type) ?? 0) + 1;
    ordinals.set(type, ordinal);
    return {
      key: `${namespace}/${workflowId}/${type}/${ordinal}`,
      body: {
        v: 1,
        type,
        time,
        actor,
        ...changeMembers(change),
        temporal: { namespace, workflowId, runId },
        ...members,
      },
    };
  };
}
