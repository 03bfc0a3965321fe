import { isStillTrue, milestonesIn } from './milestone.ts';
import type { Milestone } from './milestone.ts';
import type { Delivery } from './sink.ts';

/**
 * Delivers by a message for each milestone, to a receiver whose messages cannot be edited. What was sent is kept at once, so
 * after a failure or a kill at most one message comes twice.
 *
 * @param send - sends the message of one milestone; `before`: the change's milestones before it
 * @returns as `Sink.deliver` does: what was sent before a failure counts as delivered
 * @throws RemoteError when the first one fails
 */
export async function deliverMilestones(
  delivery: Delivery,
  send: (milestone: Milestone, before: readonly Milestone[]) => Promise<void>,
): Promise<number> {
  const { entries, change } = delivery;
  const sent = sentIn(delivery);
  const milestones = milestonesIn(delivery);
  let delivered = 0;
  for (const [i, milestone] of milestones.entries()) {
    const { place } = milestone;
    const after = milestones.slice(i + 1);
    if (place === null || place < sent || !isStillTrue(milestone, change, after)) continue;
    try {
      await send(milestone, milestones.slice(0, i));
    } catch (error) {
      if (delivered === 0) throw error;
      return delivered;
    }
    delivered = place + 1;
    await delivery.remember({ index: entries[place]?.index ?? 0 });
  }
  return entries.length;
}

/** How many of the entries, from the first on, were sent before a failure or a kill. */
function sentIn({ memory, entries }: Delivery): number {
  const index = memory?.['index'];
  return typeof index === 'number' ? entries.filter((entry) => entry.index <= index).length : 0;
}
