import { plainEncoding } from '../domain/answer-encoding.ts';
import type { DriverStepKind, FailedStep } from '../domain/driver-step.ts';
import { fault, faultClasses } from '../domain/fault.ts';
import type { Fault, FaultClass } from '../domain/fault.ts';
import type { JsonObject } from '../domain/json.ts';
import { implement } from '../operations/implement.ts';
import type { DriverContext, Implementation } from '../operations/implement.ts';
import type { Operation } from '../operations/operation.ts';
import { handOver, stepRequestOf } from './hand-over.ts';

/** Longest time from a step's beginning to its answer, ms: below what the one that waits for it has. */
const answerWithinMs = { read: 20_000, call: 140_000 } as const;

/**
 * Carries out an operation by the workers of its own task queue: each read and each call is one activity there, by a
 * workflow of ours that hands it over. Everything else (the record before and after, the seal, the repeats, the read
 * before each) is this worker's, as for any other operation.
 *
 * @param encoding - what those workers read: of a host's codec, or plain JSON
 */
export function onTaskQueue(
  operation: Operation,
  taskQueue: string,
  encoding: string = plainEncoding,
): Implementation {
  const step = async (kind: DriverStepKind, input: JsonObject, context: DriverContext) => {
    const end = await handOver(
      {
        ...{ kind, operation: operation.name, taskQueue, encoding, answerWithinMs: answerWithinMs[kind] },
        request: stepRequestOf(operation, input, context),
      },
      context.signal,
      (failed) => driverFault(failed, kind),
    );
    return (end.ok ? end.answer : end) as never;
  };
  return implement(operation, {
    read: (input, context) => step('read', input, context),
    prepare: (input, context) => Promise.resolve(() => step('call', input, context)),
  });
}

/** A driver answers its faults; where its activity fails all the same, the type may be a class. */
function driverFault({ type, message }: FailedStep, kind: DriverStepKind): Fault {
  const known = faultClasses.includes(type as FaultClass) ? (type as FaultClass) : null;
  return fault(known ?? (kind === 'read' ? 'transient' : 'unknown'), 'driver_failed', message);
}
