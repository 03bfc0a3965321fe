import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { workflowIdOf } from '../domain/change.ts';
import type { Change } from '../domain/change.ts';
import type { Requested } from '../domain/change-event.ts';
import { decide } from '../domain/decide.ts';
import { endOfOrphan } from '../domain/end.ts';
import { isoTime } from '../domain/time.ts';
import { getChange } from '../store/get-change.ts';
import { listAttempts } from '../store/list-attempts.ts';
import { listOpenChanges } from '../store/list-open-changes.ts';
import type { OpenChangePlace } from '../store/list-open-changes.ts';
import { endWithHost } from './host-end.ts';
import { openingOf } from './opening-run.ts';
import { writeEnd } from './write-end.ts';

/** What {@link closeOrphans} works with. */
export interface OrphanDependencies {
  readonly pool: Pool;
  readonly client: Client;
  readonly namespace: string;
  readonly log: { warn(object: object, message: string): void };
  /** How long a change must have been at rest before it is looked at, ms; default 60,000. */
  readonly restMs?: number;
  readonly now?: () => number;
  /** Where the last look ended, to go on from; it is moved. Without it each look begins with those that were silent longest. */
  readonly place?: { after: OpenChangePlace | null };
  /** The changes that were told of the end of their hosts; it is added to. Each is told once by a process. */
  readonly told?: Set<string>;
}

/**
 * Closes changes whose workflow ended without closing them: terminated by hand, cancelled, failed, or forgotten. What a
 * call of theirs came to is not guessed: with any call made the outcome is `outcome_unknown`, without one it is `cancelled`.
 * Changes whose hosts have ended without telling them are told.
 *
 * @returns how many were closed
 */
export async function closeOrphans(deps: OrphanDependencies): Promise<number> {
  const { pool, log, namespace, restMs = 60_000, now = Date.now } = deps;
  let count = 0;
  const { place = { after: null } } = deps;
  const { changes, next } = await listOpenChanges(pool, isoTime(now() - restMs), place.after);
  place.after = next;
  for (const change of changes) {
    const workflow = await workflowOf(deps, change.id);
    const { status } = workflow;
    if (isUnderWay(status)) {
      if (change.requester.vouchedBy !== undefined) await tellHostEnd(deps, change.id, workflow);
      continue;
    }
    log.warn(
      { changeId: change.id, status },
      'the workflow of an open change has ended; the change is closed',
    );
    try {
      await closeOrphan(pool, change, status, namespace, now());
      count += 1;
    } catch (error) {
      // Its workflow has closed it since it was listed: then there was nothing to close.
      if ((await getChange(pool, change.id))?.closedAt) continue;
      // The others must not wait for it.
      log.warn({ changeId: change.id, err: error as Error }, 'the change could not be closed');
    }
  }
  return count;
}

/** What is known of the workflow that opened a change. */
interface OpeningWorkflow {
  readonly status: string;
  /** The first entry, where it was looked for and can be read. */
  readonly requested: Requested | null;
}

/**
 * The workflow that opened a change. A later run of a host with a key may have started another one under the same id, which waits
 * for the end of the change: what that one does says nothing of the first.
 */
async function workflowOf(
  { client, pool }: Pick<OrphanDependencies, 'client' | 'pool'>,
  changeId: string,
): Promise<OpeningWorkflow> {
  const workflowId = workflowIdOf(changeId);
  const { status, firstRunId } = await described(client, workflowId);
  if (!isUnderWay(status)) return { status, requested: null };
  // An entry that cannot be read tells nothing, and is told of by `audit compare`.
  const { requested = null, runId = null } = (await openingOf(pool, changeId).catch(() => null)) ?? {};
  if (firstRunId !== null && runId !== null && runId !== firstRunId) {
    const first = await described(client, workflowId, runId);
    // A run that was reset is of the same chain. Where Temporal has forgotten the first run, nothing is known.
    if (first.firstRunId !== null && first.firstRunId !== firstRunId)
      return { status: first.status, requested };
  }
  return { status, requested };
}

/** Tells a change whose host was reset, and has not asked for it again, that nobody waits for it. */
async function tellHostEnd(
  { client, log, namespace, told = new Set() }: OrphanDependencies,
  changeId: string,
  { requested }: OpeningWorkflow,
): Promise<void> {
  try {
    if (requested === null || told.has(changeId)) return;
    if (!(await endWithHost(client, namespace, requested))) return;
    told.add(changeId);
    log.warn({ changeId }, 'the host of an open change has ended; the change is told');
  } catch (error) {
    log.warn({ changeId, err: error as Error }, 'whether the host of a change has ended cannot be seen');
  }
}

function isUnderWay(status: string): boolean {
  return status === 'RUNNING' || status === 'PAUSED';
}

/** What Temporal says of a run, by default the latest; `firstRunId` is null where it does not say. */
async function described(client: Client, workflowId: string, runId?: string) {
  try {
    const { status, raw } = await client.workflow.getHandle(workflowId, runId).describe();
    return { status: status.name as string, firstRunId: raw.workflowExecutionInfo?.firstRunId || null };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { status: 'NOT_FOUND', firstRunId: null };
    throw error;
  }
}

async function closeOrphan(
  pool: Pool,
  change: Change,
  status: string,
  namespace: string,
  now: number,
): Promise<void> {
  const writer = { namespace, workflowId: workflowIdOf(change.id), status };
  await writeEnd(pool, change.id, writer, async (client, kept) => {
    const end = endOfOrphan(kept, await listAttempts(client, change.id), status);
    const verdict = decide(kept, { kind: 'close', end, part: 'reconciler' }, { now });
    if ('refusal' in verdict) throw verdict.refusal;
    // The same key that the workflow would have used: whoever closes first has closed.
    return verdict.events.map((event) => ({ event, ordinal: 1 }));
  });
}
