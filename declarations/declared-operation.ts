import { pinnedInputSchema, targetOf } from '../domain/declaration.ts';
import type { Declaration } from '../domain/declaration.ts';
import type { JsonObject } from '../domain/json.ts';
import type { LoadedOperation } from '../domain/loaded-entries.ts';
import { defineOperation } from '../operations/define-operation.ts';
import type { Operation } from '../operations/operation.ts';
import { schemaOf } from './json-schema.ts';
import { presentedRead } from './presented-read.ts';
import type { TargetRead } from './activity-contract.ts';

/** An operation that a file declares. */
export interface DeclaredOperation extends Operation<JsonObject, TargetRead> {
  readonly declaration: Declaration;
}

/**
 * The operation that a declaration is. What was read of a target is one snapshot with what the worker says of it, so
 * people approve both: see {@link TargetRead}.
 *
 * @throws CountersignError `invalid_configuration` where a schema of it is none
 */
export function declaredOperation(declaration: Declaration): DeclaredOperation {
  const { name, version, title, service, input, target, snapshot, output, worker } = declaration;
  const operation = defineOperation<JsonObject, TargetRead, JsonObject>({
    ...{ name, version, title, service },
    input: schemaOf(name, 'input', input, pinnedInputSchema(declaration)),
    scope: Object.keys(target.scope),
    target: (asked) => targetOf(target, asked),
    refusal: (read) =>
      read === null
        ? { code: 'target_not_found', message: 'nothing was read of the target' }
        : (read.refusal ??
          (read.achieved
            ? { code: 'already_achieved', message: 'the target is already as the call would leave it' }
            : null)),
    achieved: (read) => read?.achieved === true,
    identity: (read) => read.identity,
    present: (read) => presentedRead(snapshot, read),
    ...(output === undefined ? {} : { output: schemaOf(name, 'output', output) }),
    taskQueue: worker.taskQueue,
  });
  return Object.freeze({ ...operation, declaration });
}

/** Whether a file has declared an operation. */
export function isDeclared(
  operation: Operation,
): operation is Operation & { readonly declaration: Declaration } {
  return 'declaration' in operation;
}

/** What the log tells of an operation that a worker has. */
export function loadedOperation(operation: Operation): LoadedOperation {
  const { name, version, inputSchemaDigest } = operation;
  const declaration = isDeclared(operation) ? operation.declaration : null;
  return { name, version, inputSchemaDigest, declaration };
}
