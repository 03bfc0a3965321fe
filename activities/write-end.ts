import type { Pool, PoolClient } from 'pg';
import type { Change } from '../domain/change.ts';
import type { Closed } from '../domain/change-event.ts';
import { CountersignError } from '../domain/error.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { releaseBreakGlass } from '../store/release-break-glass.ts';
import { releaseTarget } from '../store/release-target.ts';
import type { NumberedEvent } from './contract.ts';
import { lockedChange, writeEvents } from './write-events.ts';
import type { Writer } from './write-events.ts';

/**
 * The last write of a change: its last events, the change as it ended, and its target and tickets released, or nothing of it.
 *
 * @param eventsOf - made once the row of the change is locked: from then on no call of it begins
 * @returns null, or the event by which it had ended in just this way before, and then nothing is written
 * @throws CountersignError `integrity_conflict` when it had ended in another way
 */
export async function writeEnd(
  pool: Pool,
  changeId: string,
  writer: Writer,
  eventsOf: (
    client: PoolClient,
    kept: Change,
  ) => readonly NumberedEvent[] | Promise<readonly NumberedEvent[]>,
): Promise<Closed | null> {
  return await inTransaction(pool, async (client) => {
    const kept = await lockedChange(client, changeId);
    const events = await eventsOf(client, kept);
    if (kept.closedAt !== null) return endedBefore(kept, events);
    const change = await writeEvents(client, kept, events, writer);
    await releaseTarget(client, changeId);
    // A break-glass change whose call was made owes a review first.
    if (change.breakGlass && change.reviewStatus === 'none') await releaseBreakGlass(client, changeId);
    return null;
  });
}

/** How a change had ended, when that is the same as its end now. Repeats of one closing may differ in their time. */
function endedBefore(kept: Change, events: readonly NumberedEvent[]): Closed {
  const now = events.map(({ event }) => event).find((event) => event.type === 'change.closed');
  const { closedAt, outcome, decisionStatus, executionStatus } = kept;
  const isSame =
    now?.decisionStatus === decisionStatus &&
    now.executionStatus === executionStatus &&
    now.outcome.code === outcome?.code &&
    now.outcome.requestId === outcome.requestId;
  if (!isSame || closedAt === null) {
    throw new CountersignError('integrity_conflict', `change ${kept.id} had ended in another way`);
  }
  return {
    type: 'change.closed',
    time: closedAt,
    actor: now.actor,
    decisionStatus,
    executionStatus,
    outcome,
  };
}
