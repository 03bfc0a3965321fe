import type { z } from 'zod';
import type { OperationAnswer } from '../api/answer-schemas.ts';
import type { JsonObject } from '../domain/json.ts';
import type { AgentApi } from './agent-api.ts';

/** A tool as an agent sees it, and what it does. */
export interface Tool<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  /** What it does, when to use it, and what it does not do: for the agent. */
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  /** Whether it only reads. */
  readonly reads: boolean;
  /** Its input's members that are known more closely once the operations are; by name, as JSON Schema. */
  knownFrom?(operations: readonly OperationAnswer[]): JsonObject;
  /**
   * What it answers. Texts in it may be of anybody: they are escaped before they are shown.
   *
   * @throws CountersignError what the API refuses
   */
  run(api: AgentApi, input: z.output<Input>, signal: AbortSignal): Promise<z.input<Output>>;
}

/** Keeps the types of a tool's own input and output. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  tool: Tool<Input, Output>,
): Tool {
  return tool;
}
