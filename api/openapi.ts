import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { httpStatusOfCode } from '../domain/error.ts';
import { problemSchema } from './answer-schemas.ts';
import { indexSchema } from './audit-schemas.ts';
import type { Operations } from '../operations/registry.ts';
import { calls } from './calls.ts';
import { submitRequestSchema } from './schemas.ts';

const id = z.object({ id: z.uuid() });
const index = z.object({ index: indexSchema });
const name = z.object({ name: z.string() });

/**
 * The OpenAPI 3.1 document, from the same schemas that check requests; the body of a submission has one form for each
 * operation.
 */
export function openApiDocument({ list }: Operations): object {
  const registry = new OpenAPIRegistry();
  const bearer = registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT, or an API token',
    description:
      'Operations name who may call them in x-roles (any: every token), x-own (also the requester of the change) and x-people-only (no API token).',
  });
  const [first, ...others] = list.map(({ name, title, input }) =>
    z
      .strictObject({ ...submitRequestSchema.shape, operation: z.literal(name), input })
      .openapi(`SubmitRequestOf${name.replaceAll(/\W/g, '_')}`, { description: title }),
  );
  const submitRequests =
    first === undefined
      ? submitRequestSchema
      : z.discriminatedUnion('operation', [first, ...others]).openapi('SubmitRequest');
  for (const call of calls) {
    const { method, path, summary, query, headers } = call;
    const body = call.body === submitRequestSchema ? submitRequests : call.body;
    const responses: Record<
      number,
      { description: string; content?: Record<string, { schema: z.ZodType }> }
    > = {};
    for (const [status, schema] of Object.entries(call.answers)) {
      responses[Number(status)] = {
        description: Number(status) < 300 ? 'OK' : 'Not now',
        content: {
          [call.as ?? 'application/json']: { schema },
          ...(call.stream ? { 'text/event-stream': { schema: z.string() } } : {}),
        },
      };
    }
    // Every call answers 429 to a client that sends too many wrong tokens.
    const limited = call.roles === null ? [] : [429];
    for (const status of new Set([...call.problems, ...limited])) {
      const codes = Object.entries(httpStatusOfCode)
        .filter(([, s]) => s === status)
        .map(([code]) => code);
      responses[status] = {
        description: codes.join(', '),
        content: { 'application/problem+json': { schema: problemSchema } },
      };
    }
    registry.registerPath({
      method,
      path,
      summary,
      ...(call.roles === null ? {} : { security: [{ [bearer.name]: [] }], 'x-roles': call.roles }),
      ...(call.own ? { 'x-own': true } : {}),
      ...(call.peopleOnly ? { 'x-people-only': true } : {}),
      request: {
        ...(path.includes('{id}') ? { params: id } : {}),
        ...(path.includes('{index}') ? { params: index } : {}),
        ...(path.includes('{name}') ? { params: name } : {}),
        ...(call.params ? { params: call.params } : {}),
        ...(query ? { query } : {}),
        ...(headers ? { headers } : {}),
        ...(body ? { body: { required: true, content: { 'application/json': { schema: body } } } } : {}),
      },
      responses,
    });
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Countersign',
      version: '1',
      description: 'A human approval and a verifiable audit trail in front of a privileged operation.',
    },
  });
}
