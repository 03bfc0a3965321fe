import type { OperationAnswer } from '../api/answer-schemas.ts';
import type { JsonObject } from '../domain/json.ts';
import { asked } from '../operations/change-request.ts';

/** The members by which a tool names an operation and what it is to act on. */
export const askedInput = {
  operation: asked.operation.meta({ description: 'Its name, as list_operations has it' }),
  input: asked.input.meta({
    description: "The operation's own input, as its schema in list_operations has it",
  }),
};

/** These members, once the operations are known: which names there are, and the schema of each one's input. */
export function askedMembers(operations: readonly OperationAnswer[]): JsonObject {
  return {
    operation: { type: 'string', enum: operations.map(({ name }) => name) },
    input: { anyOf: operations.map(inputOf) },
  };
}

function inputOf({ name, title, input }: OperationAnswer): JsonObject {
  // Which dialect a part is in is said by the whole.
  const { $schema: _dialect, ...schema } = input as JsonObject;
  return { ...schema, title: name, description: title };
}
