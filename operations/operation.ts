import type { z } from 'zod';
import type { Change } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Target } from '../domain/target.ts';

/**
 * What a workflow has to know of an operation to gate a step with it: what `defineOperation` makes, or just its name and
 * version with these types, which keeps the schema's library out of the workflow's bundle.
 */
export interface OperationType<
  Input extends JsonObject = JsonObject,
  Output extends JsonObject = JsonObject,
> {
  readonly name: string;
  readonly version: string;
  /** Types alone: nothing has this member. */
  readonly types?: { readonly input: Input; readonly output: Output };
}

/** The definition of a privileged call that may be gated; made by `defineOperation`, carried out by an `Implementation`. */
export interface Operation<
  Input extends JsonObject = JsonObject,
  Snapshot extends JsonObject = JsonObject,
  Output extends JsonObject = JsonObject,
>
  extends OperationDefinition<Input, Snapshot, Output>, OperationType<Input, Output> {
  /** The JSON Schema of the input. */
  readonly inputSchema: JsonObject;
  /** SHA-256 of the canonical JSON of {@link inputSchema}, lower-case hex. */
  readonly inputSchemaDigest: string;
}

/** What `defineOperation` takes. Every function is pure. */
export interface OperationDefinition<
  Input extends JsonObject = JsonObject,
  Snapshot extends JsonObject = JsonObject,
  Output extends JsonObject = JsonObject,
> {
  /** The service's own name of the call. It is also the activity's type and the API's `operation`. */
  readonly name: string;
  /** Another one for each change of what the definition means, such as "1". */
  readonly version: string;
  /** What it does, for people, in one line. */
  readonly title: string;
  /** The service whose call it is, such as `onsmqtt`. */
  readonly service: string;
  /** What a requester gives: a strict object, so that a misspelt member is refused and not ignored. */
  readonly input: z.ZodType<Input>;
  /** The names of the members that the scopes of its targets have: no policy and no freeze can match by another one. */
  readonly scope: readonly string[];
  /** What it acts on with an input. */
  target(input: Input): Target;
  /**
   * Why the target, as just read, makes the change pointless or impossible, or null when it may go on to approval.
   * @param snapshot - null where there is no such target
   * @param now - milliseconds since the epoch
   */
  refusal(snapshot: Snapshot | null, now: number): Refusal | null;
  /**
   * True when the target, as read, is already as the operation would leave it.
   * @param snapshot - null where there is no such target: so a call that deletes it leaves it
   */
  achieved(snapshot: Snapshot | null): boolean;
  /** The part of the snapshot whose change is drift, once the operation may itself have acted. */
  identity(snapshot: Snapshot): JsonObject;
  /** What the approver is shown of the snapshot, line by line. */
  present(snapshot: Snapshot): readonly PresentedLine[];
  /**
   * What a call answers beside its success: what a workflow that gates a step with the operation gets, and the log keeps, so
   * no secrets. Absent: nothing.
   */
  readonly output?: z.ZodType<Output>;
  /**
   * The task queue of the workers that carry it out, where they are not Countersign's own: they are given what `implement`
   * makes by `CountersignPlugin`.
   */
  readonly taskQueue?: string;
  /** How the cloud's own trail tells of a call; absent: it is not compared with the log. */
  readonly trail?: OperationTrail;
}

/** How ActionTrail tells of an operation's calls: what `countersign audit reconcile` compares with the log. */
export interface OperationTrail {
  /** The event's `serviceName`; compared without regard to case. */
  readonly serviceName: string;
  /** The event's `eventName`. */
  readonly eventName: string;
  /**
   * The input that a call's parameters stand for; whatever it answers is read by the operation's input schema.
   * @param parameters - the event's `requestParameters`
   * @param region - the event's `acsRegion`
   */
  input(parameters: JsonObject, region: string): JsonObject;
}

/** A stable code and a sentence for the requester. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** One labelled line of what the approver is shown. */
export interface PresentedLine {
  readonly label: string;
  readonly value: string;
}

/** What a change pins of its operation at submission. */
export type OperationPins = Pick<Change, 'operationVersion' | 'inputSchemaDigest'>;

/** What a change of this operation pins of it. */
export function pinsOf({ version, inputSchemaDigest }: Operation): OperationPins {
  return { operationVersion: version, inputSchemaDigest };
}
