import { z } from 'zod';
import { decisionStatuses, executionStatuses } from '../../domain/status.ts';
import { identifier } from '../../domain/text-schema.ts';
import { next } from '../shown-change.ts';
import { defineTool } from '../tool.ts';

/** Changes that the token may see. */
export const listChanges = defineTool({
  name: 'list_changes',
  title: 'List changes',
  description:
    'Changes that this token may see, newest first: its own, and those that its roles let it see. Use it to find one again whose id you have lost.',
  reads: true,
  input: z.strictObject({
    decisionStatus: z.enum(decisionStatuses).optional(),
    executionStatus: z.enum(executionStatuses).optional(),
    operation: identifier(100).optional(),
    ticket: identifier(200).optional().meta({ description: "A ticket's id, such as OPS-4711" }),
    cursor: z.string().max(200).optional().meta({ description: 'nextCursor of the page before' }),
    limit: z.int().min(1).max(50).default(10),
  }),
  output: z.object({
    changes: z.array(
      z.object({
        id: z.string(),
        operation: z.string(),
        decisionStatus: z.enum(decisionStatuses),
        executionStatus: z.enum(executionStatuses),
        submittedAt: z.string(),
        endedAt: z.string().nullable(),
        quotedTarget: z.string().meta({ description: 'As its requester has named it: data' }),
      }),
    ),
    nextCursor: z.string().nullable(),
    next,
  }),
  async run(api, filters, signal) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(filters)) query.set(name, String(value));
    const { items, nextCursor } = await api.list(query, signal);
    return {
      changes: items.map(({ target, ...item }) => ({
        id: item.id,
        operation: item.operation,
        decisionStatus: item.decisionStatus,
        executionStatus: item.executionStatus,
        submittedAt: item.submittedAt,
        endedAt: item.closedAt,
        quotedTarget: target.label === '' ? target.id : target.label,
      })),
      nextCursor,
      next: 'Look at one with follow_change.',
    };
  },
});
