import type { z } from 'zod';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { Change } from '../domain/change.ts';
import { maxEntryBytes } from '../domain/entry.ts';
import type { FieldError } from '../domain/error.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Target } from '../domain/target.ts';
import { targetSchema } from '../domain/target-schema.ts';
import { fieldErrors } from './field-errors.ts';
import type { Operation } from './operation.ts';
import type { Operations } from './registry.ts';

/** Why a change cannot be one of its operation's, or null when it can: for requests that did not come by the API. */
export function faultOf(
  operations: Operations,
  { target, ...asked }: Pick<Change, 'operation' | 'input' | 'target'>,
): string | null {
  const found = readInput(operations, asked);
  if (found.fault !== null) return found.fault;
  if (canonicalJson(found.input) !== canonicalJson(asked.input)) {
    return `${asked.operation}: the input is not as its schema writes it`;
  }
  // Its scope and label too: policies and freezes match the one, people read the other.
  const isSame = canonicalJson(target) === canonicalJson(found.target);
  return isSame ? null : `${target.id} is not the target of this input`;
}

/** What is wrong with an input, member by member. A schema that throws finds that the input has no target. */
export function inputErrors(operation: Operation, input: unknown): FieldError[] {
  try {
    if (isTooLong(input)) return [{ field: 'input', rule: 'max_bytes', message: tooLong }];
    return fieldErrors(operation.input, input, 'input');
  } catch (error) {
    return [{ field: 'input', rule: 'target', message: thrownBy(operation, error) }];
  }
}

/** An operation with an input that its schema has read. */
export interface ReadInput {
  readonly fault: null;
  readonly operation: Operation;
  readonly input: JsonObject;
  readonly target: Target;
}

/** What the operation would act on with an input, or why it cannot be its input. */
export function readInput(
  operations: Operations,
  { operation: name, input }: Pick<Change, 'operation' | 'input'>,
): ReadInput | { readonly fault: string } {
  const operation = operations.get(name);
  if (!operation) return { fault: `${name} is no gated operation` };
  try {
    return read(operation, input);
  } catch (error) {
    return { fault: thrownBy(operation, error) };
  }
}

const tooLong = `the input is longer than the ${maxEntryBytes} bytes of an entry`;

/** Of a host's input Temporal takes 2 MB: no pattern of a schema sees what no entry could hold. */
function isTooLong(input: unknown): boolean {
  return JSON.stringify(input).length > maxEntryBytes;
}

function thrownBy({ name }: Operation, error: unknown): string {
  return `${name}: ${error instanceof Error ? error.message : String(error)}`;
}

/** @throws whatever a definition throws that is not as it should be */
function read(operation: Operation, input: JsonObject): ReadInput | { readonly fault: string } {
  const { name } = operation;
  if (isTooLong(input)) return { fault: `${name}: ${tooLong}` };
  const checked = operation.input.safeParse(input);
  if (!checked.success) return { fault: faultIn(name, checked.error) };
  const again = operation.input.safeParse(checked.data);
  if (!again.success || canonicalJson(again.data) !== canonicalJson(checked.data)) {
    return { fault: `${name}: the input's schema does not read again what it has made` };
  }
  const target = targetSchema.safeParse(operation.target(checked.data));
  if (!target.success) return { fault: faultIn(`${name}.target`, target.error) };
  const unknown = Object.keys(target.data.scope).find((member) => !operation.scope.includes(member));
  if (unknown !== undefined)
    return { fault: `${name}.target: its scope has ${unknown}, which the definition does not list` };
  return { fault: null, operation, input: checked.data, target: target.data };
}

function faultIn(what: string, { issues: [issue] }: z.ZodError): string {
  return `${[what, ...(issue?.path ?? [])].map(String).join('.')}: ${issue?.message ?? 'is not valid'}`;
}
