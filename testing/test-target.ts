import type { Fault } from '../domain/fault.ts';
import type { JsonObject } from '../domain/json.ts';
import { implement } from '../operations/implement.ts';
import type { CallAnswer, Driver, Implementation, ReadAnswer } from '../operations/implement.ts';
import type { Operation } from '../operations/operation.ts';

/** What an operation acts on in a test: it is read as it is here, and a call leaves it as `after` says. */
export interface TestTarget<Snapshot extends JsonObject, Output extends JsonObject> {
  /** For the kit. */
  readonly implementation: Implementation;
  /** The inputs of the calls that were made, in order. */
  readonly calls: readonly JsonObject[];
  /** What is read of it now; null: it is not there. */
  snapshot: Snapshot | null;
  /** What calls answer. */
  output: Output | undefined;
  /** Somebody else changes it. */
  drift(change: Partial<Snapshot>): void;
  /**
   * The next call fails; several: the next calls, in order.
   *
   * @param applied - whether it takes effect all the same, as when an answer is lost
   */
  failNext(fault: Fault, applied?: boolean): void;
}

/**
 * A target in memory, in place of the service that an operation calls.
 *
 * @param operation - what `defineOperation` makes
 * @param as - what is read before a call, and what differs after one that has succeeded
 */
export function testTarget<
  Input extends JsonObject,
  Snapshot extends JsonObject,
  Output extends JsonObject = never,
>(
  operation: Operation<Input, Snapshot, Output>,
  as: {
    readonly before: Snapshot | null;
    readonly after?: Partial<Snapshot> | null;
    readonly output?: Output;
  },
): TestTarget<Snapshot, Output> {
  const calls: JsonObject[] = [];
  const faults: { readonly fault: Fault; readonly applied: boolean }[] = [];
  let requests = 0;
  const requestId = () => `test-${(requests += 1)}`;
  const driver = {
    read: (): Promise<ReadAnswer> =>
      Promise.resolve({ ok: true, requestId: requestId(), snapshot: target.snapshot }),
    call(input: Input): Promise<CallAnswer<Output> | Fault> {
      calls.push(input);
      const next = faults.shift();
      if (next === undefined || next.applied) {
        target.snapshot =
          as.after === null || target.snapshot === null ? null : { ...target.snapshot, ...as.after };
      }
      if (next !== undefined) return Promise.resolve(next.fault);
      const answer = { ok: true as const, requestId: requestId() };
      const { output } = target;
      return Promise.resolve(
        (output === undefined ? answer : { ...answer, output }) as unknown as CallAnswer<Output>,
      );
    },
  };
  const target: TestTarget<Snapshot, Output> = {
    implementation: implement(operation, driver as unknown as Driver<Input, Output>),
    calls,
    snapshot: as.before,
    output: as.output,
    drift(change) {
      target.snapshot = { ...(target.snapshot as Snapshot), ...change };
    },
    failNext: (fault, applied = false) => void faults.push({ fault, applied }),
  };
  return target;
}
