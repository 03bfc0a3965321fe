import { Worker } from '@temporalio/worker';
import type { ReplayWorkerOptions } from '@temporalio/worker';

/** A saved run of a workflow: its history as `fetchHistory` or Temporal's CLI gives it. */
export interface SavedHistory {
  readonly workflowId: string;
  readonly history: unknown;
}

/**
 * Replays histories of a host with its workflows of today.
 *
 * @param options - as for a worker that replays: where its workflows are, its data converter, its interceptors
 * @returns how many were replayed
 * @throws Error naming each workflow that today's code would run otherwise
 */
export async function replayHistories(
  options: ReplayWorkerOptions,
  histories: Iterable<SavedHistory> | AsyncIterable<SavedHistory>,
): Promise<number> {
  const failed: string[] = [];
  let count = 0;
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
    count += 1;
    if (error) failed.push(`${workflowId}: ${error.message}`);
  }
  if (failed.length > 0) throw new Error(`these do not replay:\n${failed.join('\n')}`);
  return count;
}
