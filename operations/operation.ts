import type { JsonObject } from '../domain/json.ts';
import type { Target } from '../domain/target.ts';

/**
 * A privileged call that may be gated. One file an operation; {@link ./registry.ts} lists them, {@link ./inputs.ts} has the
 * schema of what a requester gives: apart, because a workflow's sandbox loads the rules, and a schema library would cost every
 * waiting change memory.
 */
export interface Operation<Input extends JsonObject = JsonObject> {
  /** The vendor's own name; also the activity's type and the API's `operation`. */
  readonly name: string;
  readonly title: string;
  /** What it acts on with an input. */
  target(input: Input): Target;
  /**
   * Why the target, as just read, makes the change pointless or impossible, or null when it may go on to approval.
   * @param now - milliseconds since the epoch
   */
  refusal(snapshot: JsonObject | null, now: number): Refusal | null;
  /** True when the target, as read, is already as the operation would leave it. */
  achieved(snapshot: JsonObject): boolean;
  /** The part of the snapshot whose change is drift, once the operation may itself have acted. */
  identity(snapshot: JsonObject): JsonObject;
}

/** A stable code and a sentence for the requester. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}
