import { workflowInfo } from '@temporalio/workflow';
import type { Change, JsonObject } from '../domain/change.ts';
import type { EntryDraft, EventType } from '../domain/entry.ts';
import { isoTime } from '../domain/time.ts';
import type { Person } from '../domain/person.ts';

/** The worker itself as an entry's actor. */
export const workerActor: JsonObject = { process: 'worker' };

/** A person as an entry's actor. */
export function personActor(person: Person): JsonObject {
  const { issuer, subject, name, roles, groups, authentication } = person;
  return { issuer, subject, name, roles, groups, authentication };
}

/**
 * Makes the entries of one workflow run. The key counts in workflow code, not by a clock or a run id, so that a
 * repeated delivery carries the same key and the same bytes. The default time
 * is fixed once the activity that carries it is in the history: a local activity needs a time that is fixed before.
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
        changeId: change.id,
        actor,
        operation: change.operation,
        target: change.target,
        ticket: change.ticket as unknown as JsonObject | null,
        policy: { name: change.policy.name, version: change.policy.version, digest: change.policy.digest },
        digest: change.digest,
        round: change.round,
        temporal: { namespace, workflowId, runId },
        ...members,
      },
    };
  };
}
