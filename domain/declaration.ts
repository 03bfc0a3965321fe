import { canonicalJson } from './canonical-json.ts';
import type { FaultClass } from './fault.ts';
import type { JsonObject } from './json.ts';
import { sha256Hex } from './sha-256.ts';
import type { Target } from './target.ts';
import { escapedInId, filledTemplate, templatePieces } from './target-template.ts';

/** The templates of a target. */
export interface DeclaredTarget {
  /** Values are escaped, see {@link escapedInId}. */
  readonly id: string;
  /** Of each member one member of the input, as it is, or a text. */
  readonly scope: Readonly<Record<string, string>>;
  readonly label: string;
}

/** What carries out a declared operation: activities of a worker in any language. */
export interface DeclaredWorker {
  readonly taskQueue: string;
  /** The type of the activity that reads the target. */
  readonly read: string;
  /** The type of the activity that makes the call. */
  readonly call: string;
  /** Longest time from a read's beginning to its answer, s. */
  readonly readSeconds: number;
  /** Likewise of a call. */
  readonly callSeconds: number;
  /** Longest time between two heartbeats of an activity, s; null: it need send none. */
  readonly heartbeatSeconds: number | null;
  /** The class of what an activity fails with, by the failure's type. */
  readonly failures: Readonly<Record<string, FaultClass>>;
}

/** An operation as a file declares it, without any code. */
export interface Declaration {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly service: string;
  /** JSON Schema (2020-12) of the input. */
  readonly input: JsonObject;
  readonly target: DeclaredTarget;
  /** JSON Schema of the snapshot that a read answers; absent: any object. */
  readonly snapshot?: JsonObject;
  /** JSON Schema of the output that a call answers; absent: none. */
  readonly output?: JsonObject;
  readonly worker: DeclaredWorker;
}

/**
 * The target that a declaration's templates make of an input.
 * @throws TypeError where a template is none, or names what the input does not have
 */
export function targetOf({ id, scope, label }: DeclaredTarget, input: JsonObject): Target {
  const filled = (template: string, escape: (value: string) => string) => {
    const pieces = templatePieces(template);
    if (pieces === null) throw new TypeError(`${template} is no template`);
    return filledTemplate(pieces, input, escape);
  };
  const asItIs = (value: string) => value;
  return {
    id: filled(id, escapedInId),
    scope: Object.fromEntries(
      Object.entries(scope).map(([name, template]) => [name, filled(template, asItIs)]),
    ),
    label: filled(label, asItIs),
  };
}

/**
 * The JSON Schema of the input as a change pins it: it has the SHA-256 of the whole declaration's canonical JSON, so that the
 * pin covers target, worker and classes as well.
 */
export function pinnedInputSchema(declaration: Declaration): JsonObject {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...declaration.input,
    'x-declarationSha256': sha256Hex(canonicalJson(declaration)),
  };
}
