import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { httpStatusOfCode } from '../domain/error.ts';
import { changeSchema, entrySchema, problemSchema } from './answer-schemas.ts';
import {
  decisionSchema,
  executionSchema,
  listQuerySchema,
  submissionSchema,
  withdrawalSchema,
} from './schemas.ts';

interface Call {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly body?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly answers: Readonly<Record<number, z.ZodType>>;
  readonly problems: readonly number[];
  readonly open?: boolean;
}

const id = z.object({ id: z.uuid() });
const page = z.object({ items: z.array(changeSchema), nextCursor: z.string().nullable() });
const calls: readonly Call[] = [
  {
    method: 'post',
    path: '/v1/changes',
    summary: 'Ask for a change; answers once its first entry is durable',
    body: submissionSchema,
    headers: z.object({ 'Idempotency-Key': z.string().max(255).optional() }),
    answers: { 200: changeSchema, 201: changeSchema },
    problems: [400, 401, 403, 409, 413, 415, 422, 429, 503],
  },
  {
    method: 'get',
    path: '/v1/changes',
    summary: 'Changes, newest first',
    query: listQuerySchema,
    answers: { 200: page },
    problems: [400, 401],
  },
  {
    method: 'get',
    path: '/v1/changes/{id}',
    summary: 'One change',
    answers: { 200: changeSchema },
    problems: [401, 404],
  },
  {
    method: 'post',
    path: '/v1/changes/{id}/decisions',
    summary: 'Approve or reject what was seen, by its digest',
    body: decisionSchema,
    answers: { 200: changeSchema },
    problems: [400, 401, 403, 404, 409, 412, 415, 429, 503],
  },
  {
    method: 'post',
    path: '/v1/changes/{id}/withdrawal',
    summary: 'Withdraw a change before its call',
    body: withdrawalSchema,
    answers: { 200: changeSchema },
    problems: [400, 401, 403, 404, 409, 415, 429, 503],
  },
  {
    method: 'post',
    path: '/v1/changes/{id}/execution',
    summary: 'Pause, resume, retry or abandon an execution',
    body: executionSchema,
    answers: { 200: changeSchema },
    problems: [400, 401, 403, 404, 409, 415, 429, 503],
  },
  {
    method: 'get',
    path: '/v1/changes/{id}/events',
    summary: 'Audit entries of a change, in order; live under Accept: text/event-stream',
    answers: { 200: z.object({ items: z.array(entrySchema) }) },
    problems: [400, 401, 404],
  },
  {
    method: 'get',
    path: '/v1/operations',
    summary: 'The gated operations',
    answers: {
      200: z.object({
        items: z.array(
          z.object({ name: z.string(), title: z.string(), input: z.record(z.string(), z.unknown()) }),
        ),
      }),
    },
    problems: [401],
  },
  {
    method: 'get',
    path: '/healthz',
    summary: 'Liveness',
    answers: { 200: z.object({ status: z.string() }) },
    problems: [],
    open: true,
  },
  {
    method: 'get',
    path: '/readyz',
    summary: 'Readiness',
    answers: { 200: z.object({ status: z.string() }) },
    problems: [],
    open: true,
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'Prometheus metrics',
    answers: { 200: z.string() },
    problems: [],
    open: true,
  },
];

let document: object | undefined;

/** The OpenAPI 3.1 document, from the same schemas that check requests. */
export function openApiDocument(): object {
  document ??= generate();
  return document;
}

function generate(): object {
  const registry = new OpenAPIRegistry();
  const bearer = registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  });
  for (const call of calls) {
    const { method, path, summary, body, query, headers } = call;
    const responses: Record<
      number,
      { description: string; content?: Record<string, { schema: z.ZodType }> }
    > = {};
    for (const [status, schema] of Object.entries(call.answers)) {
      responses[Number(status)] = { description: 'OK', content: { 'application/json': { schema } } };
    }
    for (const status of call.problems) {
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
      ...(call.open ? {} : { security: [{ [bearer.name]: [] }] }),
      request: {
        ...(path.includes('{id}') ? { params: id } : {}),
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
