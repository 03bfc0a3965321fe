import { workflowInfo } from '@temporalio/workflow';

/** Accepted updates of one run after which the next begins. Temporal allows 2,000. */
const mostUpdates = 500;
/** Events of one run after which the next begins. Temporal ends a run at 51,200. */
const mostEvents = 10_000;

/**
 * Whether the next run should begin: Temporal suggests it, or a limit of a run is near. People who repeat a thing must not
 * make a change deaf.
 *
 * @param updates - how many this run has accepted
 */
export function isFull(updates: number): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= mostEvents || updates >= mostUpdates;
}
