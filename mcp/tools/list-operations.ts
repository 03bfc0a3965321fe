import { z } from 'zod';
import { next } from '../shown-change.ts';
import { defineTool } from '../tool.ts';

/** What may be asked for. */
export const listOperations = defineTool({
  name: 'list_operations',
  title: 'List operations',
  description:
    'The privileged operations that can be asked for, each with the JSON Schema of its input. Call it first when you do not know an operation or its input.',
  reads: true,
  input: z.strictObject({}),
  output: z.object({
    operations: z.array(
      z.object({
        name: z.string(),
        version: z.string(),
        title: z.string(),
        service: z.string(),
        input: z.record(z.string(), z.unknown()).meta({ description: 'JSON Schema' }),
      }),
    ),
    next,
  }),
  async run(api, _input, signal) {
    const operations = await api.operations(signal);
    return {
      operations: operations.map(({ name, version, title, service, input }) => ({
        name,
        version,
        title,
        service,
        input,
      })),
      next: 'See with explain_policy who would have to approve it, then ask for it with request_change.',
    };
  },
});
