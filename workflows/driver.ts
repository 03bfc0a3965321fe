import { ActivityFailure, ApplicationFailure, proxyActivities, TimeoutFailure } from '@temporalio/workflow';
import { plainEncoding } from '../domain/answer-encoding.ts';
import { driverActivityOf } from '../domain/driver-step.ts';
import type { DriverRequest, DriverStep, DriverStepEnd, FailedStep } from '../domain/driver-step.ts';
import { answerIn } from './host-answer.ts';

/**
 * Hands one read or one call to a worker of the operation's own task queue, and answers what came of it. Started by the
 * activity that gates the call, which alone repeats anything.
 */
export async function driver(step: DriverStep): Promise<DriverStepEnd> {
  const { kind, operation, taskQueue, request, answerWithinMs, encoding = plainEncoding } = step;
  const type = step.activityType ?? driverActivityOf(operation, kind);
  const { heartbeatWithinMs = 15_000 } = step;
  const beginWithinMs = request.notAfter - Date.now();
  if (beginWithinMs <= 0) return { kind: 'not_begun' };
  const activities = proxyActivities<Record<string, (request: DriverRequest) => Promise<unknown>>>({
    taskQueue,
    scheduleToStartTimeout: beginWithinMs,
    startToCloseTimeout: answerWithinMs,
    ...(heartbeatWithinMs === null ? {} : { heartbeatTimeout: heartbeatWithinMs }),
    retry: { maximumAttempts: 1 },
  });
  try {
    return { kind: 'answered', answer: await activities[type]?.(answerIn(encoding, request)) };
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const { cause } = error;
    if (cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START')
      return { kind: 'not_begun' };
    return failedStep(cause, error.message);
  }
}

function failedStep(cause: Error | undefined, otherwise: string): FailedStep {
  const message = cause?.message ?? otherwise;
  return cause instanceof ApplicationFailure
    ? { kind: 'failed', type: cause.type ?? '', message, detail: cause.details?.[0] ?? null }
    : { kind: 'failed', type: null, message, detail: null };
}
