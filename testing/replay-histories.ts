import { Worker } from '@temporalio/worker';
import type { ReplayWorkerOptions } from '@temporalio/worker';

/**
 * A saved run of a workflow: its history as `fetchHistory` gives it, or as the JSON of Temporal's CLI. For the latter there
 * must be one protobufjs, see docs/testing.md.
 */
export interface SavedHistory {
  readonly workflowId: string;
  readonly history: unknown;
}

/**
 * Replays histories of a host with its workflows of today.
 *
 * @param options - as for a worker that replays: where its workflows are, its data converter, its interceptors
 * @returns how many were replayed
 * @throws Error naming each workflow that today's code would run otherwise, or the one whose history cannot be read
 */
export async function replayHistories(
  options: ReplayWorkerOptions,
  histories: Iterable<SavedHistory> | AsyncIterable<SavedHistory>,
): Promise<number> {
  const failed: string[] = [];
  let count = 0;
  let current = 'none yet';
  async function* each() {
    for await (const saved of histories) {
      current = saved.workflowId;
      yield saved;
    }
  }
  try {
    for await (const { workflowId, error } of Worker.runReplayHistories(options, each())) {
      count += 1;
      if (error) failed.push(`${workflowId}: ${error.message}`);
    }
  } catch (cause) {
    // One that cannot even be read ends Temporal's replay, which does not say which it was.
    throw new Error(`the history of ${current} cannot be replayed: ${textOf(cause)}`, { cause });
  }
  if (failed.length > 0) throw new Error(`these do not replay:\n${failed.join('\n')}`);
  return count;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
