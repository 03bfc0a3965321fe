import type { z } from 'zod';
import { plainEncoding } from '../domain/answer-encoding.ts';
import type { Declaration } from '../domain/declaration.ts';
import type { DriverStepKind, FailedStep } from '../domain/driver-step.ts';
import { fault, faultClasses } from '../domain/fault.ts';
import type { Fault, FaultClass } from '../domain/fault.ts';
import type { JsonObject } from '../domain/json.ts';
import { isOwnCode } from '../domain/own-codes.ts';
import type { DeclaredOperation } from '../declarations/declared-operation.ts';
import { schemaOf } from '../declarations/json-schema.ts';
import {
  callAnswerSchema,
  failureDetailSchema,
  readAnswerSchema,
} from '../declarations/activity-contract.ts';
import { implement } from '../operations/implement.ts';
import type { DriverContext, Implementation } from '../operations/implement.ts';
import { handOver, stepRequestOf } from './hand-over.ts';

/**
 * Carries out a declared operation by the activities that its declaration names. What they answer is checked here: an answer
 * of another form is a fault, of a call one whose outcome is unknown.
 *
 * @param encoding - what the workers of its task queue read: of a host's codec, or plain JSON
 * @param now - the time of Temporal's server, ms since the epoch
 */
export function byDeclaration(
  operation: DeclaredOperation,
  encoding: string = plainEncoding,
  now: () => number = Date.now,
): Implementation {
  const { worker, snapshot } = operation.declaration;
  const { taskQueue, failures, readSeconds, callSeconds, heartbeatSeconds } = worker;
  const withinMs = { read: readSeconds * 1000, call: callSeconds * 1000 };
  const snapshotSchema = snapshot && schemaOf(operation.name, 'snapshot', snapshot);
  const step = (kind: DriverStepKind, input: JsonObject, context: DriverContext) =>
    handOver(
      {
        ...{ kind, operation: operation.name, taskQueue, encoding, activityType: worker[kind] },
        answerWithinMs: withinMs[kind],
        heartbeatWithinMs: heartbeatSeconds === null ? null : heartbeatSeconds * 1000,
        request: stepRequestOf(operation, input, context, now),
      },
      context.signal,
      (failed) => declaredFault(failed, kind, failures),
      now,
    );
  return implement(operation, {
    async read(input, context) {
      const end = await step('read', input, context);
      if (!end.ok) return end;
      const read = readAnswerSchema.safeParse(end.answer);
      if (!read.success) return misread(worker.read, read.error, 'transient');
      const { requestId, ...target } = read.data;
      const error = target.snapshot && snapshotSchema?.safeParse(target.snapshot).error;
      if (error) return misread(`${worker.read}: snapshot`, error, 'transient');
      return { ok: true, requestId, snapshot: target };
    },
    prepare: (input, context) =>
      Promise.resolve(async () => {
        const end = await step('call', input, context);
        if (!end.ok) return end;
        const called = callAnswerSchema.safeParse(end.answer);
        if (!called.success) return misread(worker.call, called.error, 'unknown');
        const { requestId, output = {} } = called.data;
        const error = operation.output?.safeParse(called.data.output).error;
        if (error) return misread(`${worker.call}: output`, error, 'unknown');
        return { ok: true, requestId, output };
      }),
  });
}

/**
 * What a failed activity comes to. Its type is the fault's code. Only what a worker itself says has a class by its type: after
 * a time-out nobody knows what a call did.
 */
export function declaredFault(
  { type, message, detail }: FailedStep,
  kind: DriverStepKind,
  failures: Declaration['worker']['failures'],
): Fault {
  const unknown = kind === 'read' ? 'transient' : 'unknown';
  if (type === null) return fault(unknown, 'driver_failed', message);
  const known = failureDetailSchema.safeParse(detail);
  const { requestId = null, httpStatus = null, retryAfterMs = null } = known.success ? known.data : {};
  const code = type === '' || isOwnCode(type) ? 'driver_failed' : type;
  return fault(classOf(type, failures) ?? unknown, code, message, {
    ...{ requestId, httpStatus, retryAfterMs },
  });
}

function classOf(type: string, failures: Declaration['worker']['failures']): FaultClass | null {
  if (Object.hasOwn(failures, type)) return failures[type] ?? null;
  return faultClasses.find((known) => known === type) ?? null;
}

function misread(what: string, { issues }: z.ZodError, kind: FaultClass): Fault {
  const told = issues.map(({ path, message }) => `${path.map(String).join('.') || 'the answer'}: ${message}`);
  return fault(kind, 'driver_failed', `${what} answered otherwise than declared: ${told.join('; ')}`);
}
