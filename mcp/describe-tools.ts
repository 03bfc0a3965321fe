import type { Tool as ListedTool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { OperationAnswer } from '../api/answer-schemas.ts';
import { tools } from './tools.ts';
import type { Tool } from './tool.ts';

/** The tools as a client lists them. @param operations - null where they cannot be read now: then any name and input are taken */
export function describeTools(operations: readonly OperationAnswer[] | null): ListedTool[] {
  return tools.map((tool) => ({
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: inputSchemaOf(tool, operations),
    outputSchema: jsonSchema(tool.output, 'output'),
    annotations: {
      title: tool.title,
      readOnlyHint: tool.reads,
      // What is asked for may come to be done.
      destructiveHint: !tool.reads,
      // The same key asks once.
      idempotentHint: true,
      openWorldHint: !tool.reads,
    },
  }));
}

function inputSchemaOf(tool: Tool, operations: readonly OperationAnswer[] | null): ListedTool['inputSchema'] {
  const schema = jsonSchema(tool.input, 'input');
  if (operations === null || operations.length === 0 || tool.knownFrom === undefined) return schema;
  return { ...schema, properties: { ...schema.properties, ...tool.knownFrom(operations) } } as typeof schema;
}

function jsonSchema(schema: z.ZodObject, io: 'input' | 'output'): ListedTool['inputSchema'] {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest as ListedTool['inputSchema'];
}
