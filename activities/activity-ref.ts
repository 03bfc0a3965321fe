import { activityInfo, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { isoTime } from '../domain/time.ts';
import type { ActivityRef } from './attempt-log.ts';
import { asFailure } from './failure.ts';

/** Which run of which activity this is, as Temporal says it. */
export function activityRef(): ActivityRef {
  const { namespace, workflowExecution, activityId, attempt, currentAttemptScheduledTimestampMs } =
    activityInfo();
  const { workflowId = '', runId = '' } = workflowExecution ?? {};
  const scheduledAt = isoTime(currentAttemptScheduledTimestampMs);
  return { namespace, workflowId, runId, activityId, attempt, scheduledAt };
}

/**
 * Does something with a heartbeat every 3 s, so that a lost worker is noticed within the heartbeat time-out and a
 * cancellation arrives. Not at once: most calls are over by then, and Temporal writes each down.
 */
export async function withHeartbeats<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => heartbeat(), 3000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Records something that exists nowhere else: offers it to the log until the log has it or this activity's time is up. */
export async function untilRecorded(record: () => Promise<void>): Promise<void> {
  for (let delayMs = 200; ; delayMs = Math.min(delayMs * 2, 5000)) {
    try {
      await asFailure(record);
      return;
    } catch (error) {
      if (error instanceof ApplicationFailure && error.nonRetryable) throw error;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}
