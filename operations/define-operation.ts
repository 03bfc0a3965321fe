import { z } from 'zod';
import { operationNameFault } from '../domain/activity-names.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { CountersignError } from '../domain/error.ts';
import type { JsonObject } from '../domain/json.ts';
import { sha256Hex } from '../domain/sha-256.ts';
import { mostScopeMembers, scopeMemberName } from '../domain/target-scope.ts';
import type { Operation, OperationDefinition } from './operation.ts';
import { refusalFault } from './refusal-of.ts';

/** Each text of a definition with its rule. */
export const definitionTexts = {
  name: /^[A-Za-z][\w.-]{0,99}$/,
  version: /^[\w.+-]{1,32}$/,
  title: /^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u,
  service: /^[a-z][a-z0-9.-]{0,62}$/,
} as const;

/** A name of Temporal's, such as a task queue's: nothing in it that cannot be seen, and no blanks around it. */
export const temporalName = /^[^\p{C}\p{Z}](?:[^\p{C}]{0,198}[^\p{C}\p{Z}])?$/u;

const rules = ['target', 'refusal', 'achieved', 'identity', 'present'] as const;

/**
 * Defines an operation that may be gated. The definition is pure: the API, the policies, the command line and the worker
 * load it, and so may a workflow that gates a step with it. What carries it out is a worker's alone, see `implement`.
 *
 * @returns the operation, frozen
 * @throws CountersignError `invalid_configuration` naming what is wrong with the definition
 */
export function defineOperation<
  Input extends JsonObject,
  Snapshot extends JsonObject,
  Output extends JsonObject = never,
>(definition: OperationDefinition<Input, Snapshot, Output>): Operation<Input, Snapshot, Output> {
  const { name } = definition;
  for (const [member, rule] of Object.entries(definitionTexts)) {
    const value: unknown = definition[member as keyof typeof definitionTexts];
    if (typeof value !== 'string' || !rule.test(value)) {
      throw invalid(name, `${member}: expected text that matches ${String(rule)}`);
    }
  }
  const reserved = operationNameFault(name);
  if (reserved !== null) throw invalid(name, `name: ${reserved}`);
  for (const member of rules) {
    if (typeof definition[member] !== 'function') throw invalid(name, `${member}: expected a function`);
  }
  if (!isScope(definition.scope))
    throw invalid(name, 'scope: expected the names of the members of its targets');
  if (definition.trail !== undefined && !isTrail(definition.trail))
    throw invalid(name, 'trail: expected serviceName, eventName and a function input');
  if (definition.output !== undefined && !isSchema(definition.output))
    throw invalid(name, 'output: expected a zod schema');
  if (definition.taskQueue !== undefined && !isTaskQueue(definition.taskQueue))
    throw invalid(name, 'taskQueue: expected the name of a task queue');
  assertAnswersForNothing(definition);
  const inputSchema = jsonSchemaOf(name, definition.input);
  const inputSchemaDigest = sha256Hex(canonicalJson(inputSchema));
  return Object.freeze({ ...definition, inputSchema, inputSchemaDigest });
}

function isScope(scope: unknown): boolean {
  return (
    Array.isArray(scope) &&
    scope.length <= mostScopeMembers &&
    new Set(scope).size === scope.length &&
    scope.every((member) => typeof member === 'string' && scopeMemberName.test(member))
  );
}

function isTrail(trail: unknown): boolean {
  const { serviceName, eventName, input } = (trail ?? {}) as Record<string, unknown>;
  const isName = (value: unknown) => typeof value === 'string' && definitionTexts.name.test(value);
  return isName(serviceName) && isName(eventName) && typeof input === 'function';
}

function isSchema(output: unknown): boolean {
  return typeof (output as Partial<z.ZodType> | null)?.safeParse === 'function';
}

function isTaskQueue(name: unknown): boolean {
  return typeof name === 'string' && temporalName.test(name);
}

/** Whether a target that is not there is pointless to call for, or just what a call leaves, has to be said. */
function assertAnswersForNothing<Input extends JsonObject, Snapshot extends JsonObject>(
  definition: Pick<OperationDefinition<Input, Snapshot>, 'name' | 'refusal' | 'achieved'>,
): void {
  for (const [rule, ask] of Object.entries({
    refusal: () => refusalFault(definition.refusal(null, 0)),
    achieved: () => (typeof definition.achieved(null) === 'boolean' ? null : 'expected true or false'),
  })) {
    let why: string;
    try {
      const fault = ask();
      if (fault === null) continue;
      why = fault;
    } catch (cause) {
      why = cause instanceof Error ? cause.message : String(cause);
    }
    throw invalid(
      definition.name,
      `${rule}: expected an answer for null, where there is no such target: ${why}`,
    );
  }
}

function jsonSchemaOf(name: string, input: z.ZodType): JsonObject {
  let schema: JsonObject;
  try {
    schema = z.toJSONSchema(input, { io: 'input' }) as unknown as JsonObject;
    // What has no canonical JSON has no digest that everybody can make.
    canonicalJson(schema);
    // What a transformation makes is not read a second time as it was.
    z.toJSONSchema(input, { io: 'output' });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw invalid(name, `input: expected a zod schema that has a JSON Schema: ${why}`);
  }
  if (schema['type'] !== 'object' || schema['additionalProperties'] !== false) {
    throw invalid(name, 'input: expected a strict object: an unknown member has to be refused');
  }
  return schema;
}

function invalid(name: unknown, message: string): CountersignError {
  const which = typeof name === 'string' ? `operation ${name}` : 'an operation';
  return new CountersignError('invalid_configuration', `${which}: ${message}`);
}
