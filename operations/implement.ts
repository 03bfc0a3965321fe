import { canonicalJson } from '../domain/canonical-json.ts';
import { notSent } from '../domain/attempt.ts';
import { CountersignError } from '../domain/error.ts';
import { fault, faultClasses, recordable } from '../domain/fault.ts';
import type { Fault } from '../domain/fault.ts';
import type { JsonObject } from '../domain/json.ts';
import { isOwnCode } from '../domain/own-codes.ts';
import type { Operation } from './operation.ts';

/** Longest time that a service may ask for before a repeat, ms: a day. */
const longestDelayMs = 86_400_000;

/** Most bytes of an output's canonical JSON: the log keeps it. */
const mostOutputBytes = 8192;

/** What a driver is told of the call or the read that it makes. */
export interface DriverContext {
  /** The change that it is made for, a UUID. */
  readonly changeId: string;
  /** Milliseconds since the epoch: nothing is sent after it. */
  readonly notAfter: number;
  /** Aborted once nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** The target as it was read; a null snapshot: there is no such target. */
export interface ReadAnswer {
  readonly ok: true;
  readonly requestId: string;
  readonly snapshot: JsonObject | null;
}

/** A call that succeeded, with what the operation's `output` describes. */
export type CallAnswer<Output extends JsonObject = never> = {
  readonly ok: true;
  readonly requestId: string;
} & ([Output] extends [never] ? { readonly output?: undefined } : { readonly output: Output });

/** Makes the one request at once, and answers what came of it. */
export type Send<Output extends JsonObject = never> = () => Promise<CallAnswer<Output> | Fault>;

/** A call that succeeded, as it is recorded. */
export interface SentAnswer {
  readonly ok: true;
  readonly requestId: string;
  /** Null where the operation describes none. */
  readonly output: JsonObject | null;
}

/**
 * What talks to the service. One call is one request: nothing here repeats it, since Temporal does. `call` makes it;
 * `prepare` is for a driver that needs time before its request (a key, a slot of the account's rate): it answers a fault,
 * or a function that sends at once. The attempt is marked as sent right before `call`, or between `prepare` and the sending.
 */
export type Driver<Input extends JsonObject = JsonObject, Output extends JsonObject = never> = {
  /** Reads the target, and changes nothing; a fault of it is never `unknown`. */
  read(input: Input, context: DriverContext): Promise<ReadAnswer | Fault>;
  /**
   * The fault that something thrown stands for; null: it is not known. Absent, or null: of a call it may have been sent, so
   * its outcome is unknown.
   */
  classify?(thrown: unknown): Fault | null;
} & (
  | {
      /** Makes the one request. */
      call(input: Input, context: DriverContext): Promise<CallAnswer<Output> | Fault>;
    }
  | {
      /** Gets ready for the one request, and answers what sends it at once. */
      prepare(input: Input, context: DriverContext): Promise<Send<Output> | Fault>;
    }
);

/** An operation with what carries it out; nothing of it throws. The worker's alone. */
export interface Implementation {
  readonly operation: Operation;
  /** Reads the target. A read does nothing, so its fault is never `unknown`. */
  read(input: JsonObject, context: DriverContext): Promise<ReadAnswer | Fault>;
  /** Gets ready for the one request, and answers what sends it at once. */
  prepare(input: JsonObject, context: DriverContext): Promise<PreparedCall | Fault>;
}

/** Sends at once, and answers what came of it; it does not throw. */
export type PreparedCall = () => Promise<SentAnswer | Fault>;

/**
 * Says what carries an operation out. What a driver throws, or answers in another form than it should, becomes a fault with
 * the code `driver_failed`: of a call its class is `unknown`, since the request may have been sent. So does a code of
 * Countersign's own that does not fit, such as `not_sent` with an answer.
 *
 * @throws CountersignError `invalid_configuration` where the driver lacks something
 */
export function implement<
  Input extends JsonObject,
  Snapshot extends JsonObject,
  Output extends JsonObject = never,
>(operation: Operation<Input, Snapshot, Output>, driver: Driver<Input, Output>): Implementation {
  const parts = driver as Partial<Record<'read' | 'call' | 'prepare', unknown>>;
  const sends = ['call', 'prepare'].filter((name) => typeof parts[name as 'call'] === 'function');
  if (typeof parts.read !== 'function' || sends.length !== 1) {
    const message = `operation ${operation.name}: expected a driver with read, and with either call or prepare`;
    throw new CountersignError('invalid_configuration', message);
  }
  const prepare = async (input: Input, context: DriverContext): Promise<Send<Output> | Fault> =>
    'prepare' in driver ? await driver.prepare(input, context) : () => driver.call(input, context);
  const faultOf = (thrown: unknown, unknown: 'transient' | 'unknown', what: string): Fault => {
    let fault: unknown;
    try {
      fault = driver.classify?.(thrown);
    } catch {
      // Then it is not known.
    }
    return isFault(fault) ? kept(fault, unknown) : failed(unknown, `${what}: ${textOf(thrown)}`);
  };
  const sent = async (send: Send<Output>): Promise<SentAnswer | Fault> => {
    try {
      const answer: unknown = await send();
      if (isFault(answer)) return kept(answer, 'unknown');
      const output = isAnswer(answer) ? outputIn(operation, answer) : undefined;
      if (!isAnswer(answer) || output === undefined)
        return failed('unknown', 'the call answered in a form that is not known');
      return { ok: true, requestId: recordable(answer.requestId), output };
    } catch (error) {
      return faultOf(error, 'unknown', 'the call');
    }
  };
  return Object.freeze({
    operation,
    async read(input: JsonObject, context: DriverContext): Promise<ReadAnswer | Fault> {
      try {
        const answer = await driver.read(input as Input, context);
        if (isFault(answer)) return kept(answer, 'transient');
        if (!isRead(answer)) return failed('transient', 'read answered in a form that is not known');
        return { ok: true, requestId: recordable(answer.requestId), snapshot: answer.snapshot };
      } catch (error) {
        return faultOf(error, 'transient', 'read');
      }
    },
    async prepare(input: JsonObject, context: DriverContext): Promise<PreparedCall | Fault> {
      try {
        const prepared = await prepare(input as Input, context);
        if (typeof prepared === 'function') return () => sent(prepared);
        // Nothing has left yet, whatever the driver says of it.
        if (isFault(prepared)) return kept(prepared, 'transient');
        return fault('transient', notSent, 'prepare answered neither a fault nor a function');
      } catch (error) {
        return fault('transient', notSent, `prepare: ${textOf(error)}`);
      }
    },
  });
}

/** What a call has answered, as the operation describes it; null where it describes nothing, undefined where it is otherwise. */
function outputIn(
  { output: schema }: Pick<Operation, 'output'>,
  answer: { readonly output?: unknown },
): JsonObject | null | undefined {
  if (schema === undefined) return null;
  const read = schema.safeParse(answer.output);
  if (!read.success) return undefined;
  return new TextEncoder().encode(canonicalJson(read.data)).length <= mostOutputBytes ? read.data : undefined;
}

/**
 * A fault of a driver as the log can hold it: it may have been made without `fault`.
 *
 * @param unknown - the class of one whose outcome is unknown
 */
function kept(answer: Fault, unknown: 'transient' | 'unknown'): Fault {
  const { class: kind, code, message } = answer;
  const { httpStatus, requestId, retryAfterMs }: Partial<Record<keyof Fault, unknown>> = answer;
  const told = fault(kind === 'unknown' ? unknown : kind, code, message, {
    httpStatus: Number.isSafeInteger(httpStatus) ? (httpStatus as number) : null,
    requestId: typeof requestId === 'string' ? requestId : null,
    retryAfterMs: isDelay(retryAfterMs) ? Math.min(Math.ceil(retryAfterMs), longestDelayMs) : null,
  });
  return mayHaveCode(told) ? told : { ...told, code: 'driver_failed' };
}

/** What was surely not sent has no answer, and no outcome that nobody knows; the other codes of ours no driver gives. */
function mayHaveCode({ class: kind, code, httpStatus, requestId }: Fault): boolean {
  if (code === notSent) return kind !== 'unknown' && httpStatus === null && requestId === null;
  return !isOwnCode(code);
}

function isDelay(value: unknown): value is number {
  return typeof value === 'number' && value > 0;
}

function failed(kind: 'transient' | 'unknown', message: string): Fault {
  return fault(kind, 'driver_failed', message.replaceAll(/[\p{Cc}\s]+/gu, ' '));
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isAnswer(value: unknown): value is { readonly requestId: string; readonly output?: unknown } {
  const { ok, requestId } = (value ?? {}) as Partial<Record<'ok' | 'requestId', unknown>>;
  return ok === true && typeof requestId === 'string';
}

function isRead(value: unknown): value is ReadAnswer {
  if (!isAnswer(value)) return false;
  const { snapshot } = value as Partial<ReadAnswer>;
  if (typeof snapshot !== 'object' || Array.isArray(snapshot)) return false;
  try {
    // The digest that people approve is made of it.
    canonicalJson(snapshot);
    return true;
  } catch {
    return false;
  }
}

function isFault(value: unknown): value is Fault {
  const { ok, class: kind, code, message } = (value ?? {}) as Partial<Fault>;
  return (
    ok === false &&
    faultClasses.some((known) => known === kind) &&
    typeof code === 'string' &&
    typeof message === 'string'
  );
}
