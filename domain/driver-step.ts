import type { JsonObject } from './json.ts';

/** What a worker of an operation's own task queue is asked for, by activities of these names. */
export type DriverStepKind = 'read' | 'call';

/** The activity type of a step of an operation that has none of its own. */
export function driverActivityOf(operation: string, kind: DriverStepKind): string {
  return `${operation}.${kind}`;
}

/** The argument of such an activity. */
export interface DriverRequest {
  /** The change that it is for, a UUID. */
  readonly changeId: string;
  /** The name of the operation. */
  readonly operation: string;
  /** The version of the operation that the change has pinned. */
  readonly version: string;
  readonly input: JsonObject;
  /** Milliseconds since the epoch: nothing is sent after it. */
  readonly notAfter: number;
}

/** One step that is handed to another task queue: the argument of the workflow {@link driverWorkflowType}. */
export interface DriverStep {
  readonly kind: DriverStepKind;
  readonly operation: string;
  readonly taskQueue: string;
  /** Absent: {@link driverActivityOf}. */
  readonly activityType?: string;
  readonly request: DriverRequest;
  /** Longest time from its start to its answer, ms. */
  readonly answerWithinMs: number;
  /** Longest time between two heartbeats, ms; null: none is needed; absent: 15 s. */
  readonly heartbeatWithinMs?: number | null;
  /** In which encoding the task queue's workers read what they are asked; default: plain JSON. */
  readonly encoding?: string;
}

/** What came of a step: the driver's answer, which nobody has checked, or why there is none. */
export type DriverStepEnd =
  | { readonly kind: 'answered'; readonly answer: unknown }
  /** No worker of the task queue has begun it in time: nothing was sent. */
  | { readonly kind: 'not_begun' }
  | FailedStep;

/** A step that a worker has begun, and that did not answer. */
export interface FailedStep {
  readonly kind: 'failed';
  /** The type that the worker gave its failure; null where it is Temporal that says so (a time-out, a lost worker). */
  readonly type: string | null;
  readonly message: string;
  /** The first detail of the worker's failure, which nobody has checked; null where it has none. */
  readonly detail: unknown;
}

/** The workflow type that hands a step to another task queue. */
export const driverWorkflowType = 'driver';

/** The workflow id of the steps of a change: one at a time, so no call runs beside another one or a read. */
export function driverWorkflowIdOf(changeId: string): string {
  return `driver-${changeId}`;
}
