import { proxyActivities } from '@temporalio/workflow';

/** Whoever may start workflows may have any of our activities run, with whatever argument. */
export async function direct(taskQueue: string, activity: string, input: unknown): Promise<unknown> {
  const activities = proxyActivities<Record<string, (input: unknown) => Promise<unknown>>>({
    taskQueue,
    startToCloseTimeout: '30 seconds',
    retry: { initialInterval: '100 milliseconds', maximumAttempts: 3 },
  });
  return activities[activity]?.(input);
}
