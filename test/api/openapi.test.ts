import { randomUUID } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Express } from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../api/app.ts';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { openApiDocument } from '../../api/openapi.ts';
import { httpStatusOfCode } from '../../domain/error.ts';
import { pino } from 'pino';
import { saveChange } from '../../store/save-change.ts';
import { instance, submission } from '../support/service.ts';
import { startApiStack } from './api-stack.ts';
import type { ApiStack } from './api-stack.ts';
import { operations as gated } from '../support/operations.ts';

interface Operation {
  readonly summary?: string;
  readonly security?: Record<string, string[]>[];
  readonly parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  readonly requestBody?: { required: boolean; content: Record<string, { schema: object }> };
  readonly responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}
interface Document {
  readonly openapi: string;
  readonly info: { title: string; version: string };
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
}

const document = openApiDocument(gated) as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    path,
    method,
    operation,
    name: `${method} ${path}`,
  })),
);

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(document, 'openapi');

/** The validator of a schema within the document; its references are resolved there. */
function validatorOf(schema: object): ValidateFunction {
  return ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/')) as object);
}

function nodes(value: unknown): Record<string, unknown>[] {
  if (value === null || typeof value !== 'object') return [];
  return [value as Record<string, unknown>, ...Object.values(value).flatMap(nodes)];
}

describe('the document', () => {
  test('is OpenAPI 3.1 with a scheme for tokens', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: 'Countersign', version: '1' });
    expect(document.components.securitySchemes).toEqual({
      bearer: expect.objectContaining({ type: 'http', scheme: 'bearer' }) as unknown,
    });
  });

  test.each(operations)('$name is described whole', ({ path, operation }) => {
    expect(operation.summary).toMatch(/\w/);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = (operation.parameters ?? []).filter((p) => p.in === 'path');
    expect(declared.map(({ name }) => name)).toEqual(named);
    expect(declared.every(({ required }) => required === true)).toBe(true);
    for (const { schema } of operation.parameters ?? []) validatorOf(schema);
    for (const { schema } of Object.values(operation.requestBody?.content ?? {})) validatorOf(schema);
    expect(Object.keys(operation.responses).filter((status) => /^2\d\d$/.test(status))).not.toEqual([]);
    for (const { description, content } of Object.values(operation.responses)) {
      expect(description).toMatch(/\w/);
      for (const { schema } of Object.values(content ?? {})) validatorOf(schema);
    }
    if (operation.security) expect(operation.security).toEqual([{ bearer: [] }]);
    // What other systems send is signed by them and has no token.
    const isOpen = !path.startsWith('/v1/') || path.startsWith('/v1/inbound/');
    expect(isOpen).toBe(operation.security === undefined);
  });

  test('names every schema that it uses and uses every one that it names', () => {
    const used = new Set(nodes(document).flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : [])));
    const names = Object.keys(document.components.schemas);
    expect([...used].sort()).toEqual(names.map((name) => `#/components/schemas/${name}`).sort());
    expect(names.sort()).toEqual([
      'Calendar',
      'Change',
      'Contract',
      'DeadLetter',
      'Decision',
      'DeclaredFreeze',
      'Entry',
      'Execution',
      'Freeze',
      'FreezeDeclaration',
      'FreezeOverride',
      'FreezeOverrideRequest',
      'IssuedToken',
      'ListedChange',
      'MadePolicyRevocation',
      'MadeSubscription',
      'Me',
      'Operation',
      'Payload',
      'Payloads',
      'Permission',
      'Policy',
      'PolicyExplanation',
      'PolicyExplanationRequest',
      'PolicyRevocation',
      'PolicyRevocationRequest',
      'Problem',
      'Replay',
      'Review',
      'Statistics',
      'SubmitRequest',
      ...gated.list.map(({ name }) => `SubmitRequestOf${name}`).sort(),
      'Subscription',
      'SubscriptionRequest',
      'SubscriptionWithBacklog',
      'Ticket',
      'Token',
      'TokenRequest',
      'Withdrawal',
    ]);
  });

  test('says for each problem which codes it may carry', () => {
    for (const { operation } of operations) {
      for (const [status, { description, content }] of Object.entries(operation.responses)) {
        if (content?.['application/problem+json'] === undefined) continue;
        const codes = description.split(', ');
        expect(codes.map((code) => httpStatusOfCode[code as keyof typeof httpStatusOfCode])).toEqual(
          codes.map(() => Number(status)),
        );
      }
    }
  });
});

interface Layer {
  readonly route?: { readonly path: string | string[]; readonly stack: { readonly method?: string }[] };
  readonly handle: { readonly stack?: Layer[] };
  /** Of the package `router`: how much of a path the layer takes. */
  match(path: string): { readonly path: string } | false;
}

/** The routes of the app whose methods are named, as the documented paths that reach them. */
function routed(stack: readonly Layer[], rest: string): string[] {
  return stack.flatMap((layer) => {
    const taken = layer.match(rest);
    if (!taken) return [];
    if (layer.route) return layer.route.stack.flatMap(({ method }) => (method === undefined ? [] : [method]));
    return routed(layer.handle.stack ?? [], taken.path === '/' ? rest : rest.slice(taken.path.length) || '/');
  });
}

function allRoutes(stack: readonly Layer[]): string[] {
  return stack.flatMap((layer) =>
    layer.route
      ? layer.route.stack.flatMap(({ method }) =>
          method === undefined ? [] : [`${method} ${String(layer.route?.path)}`],
        )
      : allRoutes(layer.handle.stack ?? []),
  );
}

describe('the app', () => {
  const app: Express = createApp({
    log: pino({ level: 'silent' }),
    operations: gated,
  } as unknown as ApiDependencies);
  const stack = (app.router as unknown as { stack: Layer[] }).stack;

  test.each(Object.keys(document.paths))('has the documented methods of %s and no other', (path) => {
    const methods = routed(stack, path.replace('{id}', randomUUID()).replace('{index}', '0'));
    expect(methods.sort()).toEqual(Object.keys(document.paths[path] ?? {}).sort());
  });

  test('has no route that is not documented, but for the documentation', () => {
    const routes = allRoutes(stack).filter((route) => !/ \/(docs|openapi\.json)/.test(route));
    expect(routes.length).toBe(operations.length);
  });
});

describe('real answers', () => {
  let api: ApiStack;
  beforeAll(async () => {
    api = await startApiStack({ metrics: () => Promise.resolve('x 1\n') });
  });
  afterAll(() => api.stop());

  test('are as the document says', async () => {
    const sn = randomUUID();
    const change = await api.stored({
      input: { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn },
      ticket: { system: 'jira', id: 'OPS-1', url: null },
    });
    const decided = {
      decision: 'approve' as const,
      comment: '',
      person: api.person('bob', 'approver'),
      digest: change.digest ?? '',
      round: 1,
      stage: 'approval',
      at: '2026-11-24T09:00:00.000Z',
      counts: true,
    };
    await saveChange(api.worker, { ...change, version: 2, decisions: [decided] });
    const token = { name: 'x', scopes: ['audit:read'], expiresAt: new Date(Date.now() + 1e6).toISOString() };
    const body = { decision: 'approve', digest: change.digest };
    const id = change.id;
    const undecided = await api.stored();
    const { operation, input } = submission(sn);
    const explained = { operation, input };
    const seen: string[] = [];
    for (const [path, address, sent] of [
      ['/v1/changes', '/v1/changes', {}],
      ['/v1/changes', '/v1/changes?limit=0', {}],
      ['/v1/changes', '/v1/changes', { as: null }],
      ['/v1/changes', '/v1/changes', { body: {} }],
      ['/v1/changes', '/v1/changes', { body: submission(sn), as: 'bob' }],
      ['/v1/changes/{id}', `/v1/changes/${id}`, {}],
      ['/v1/changes/{id}', `/v1/changes/${randomUUID()}`, {}],
      ['/v1/changes/{id}/decisions', `/v1/changes/${id}/decisions`, { body, as: 'bob' }],
      [
        '/v1/changes/{id}/decisions',
        `/v1/changes/${undecided.id}/decisions`,
        { body: { ...body, digest: 'e'.repeat(64) }, as: 'carol' },
      ],
      ['/v1/changes/{id}/withdrawal', `/v1/changes/${id}/withdrawal`, { body: {}, as: 'bob' }],
      [
        '/v1/changes/{id}/execution',
        `/v1/changes/${id}/execution`,
        { body: { action: 'pause', comment: 'x' }, as: 'olga' },
      ],
      ['/v1/changes/{id}/events', `/v1/changes/${id}/events`, {}],
      ['/v1/tokens', '/v1/tokens', { as: 'adam', body: token }],
      ['/v1/tokens', '/v1/tokens', { as: 'adam' }],
      ['/v1/tokens', '/v1/tokens', { as: 'olga' }],
      ['/v1/tokens/{id}', `/v1/tokens/${randomUUID()}`, { as: 'adam' }],
      ['/v1/freezes', '/v1/freezes', { body: { reason: 'x', mqttInstanceId: 'none' }, as: 'adam' }],
      ['/v1/freezes', '/v1/freezes', { as: 'adam' }],
      ['/v1/freezes/{id}', `/v1/freezes/${randomUUID()}`, { as: 'adam' }],
      ['/v1/operations', '/v1/operations', {}],
      ['/v1/contract', '/v1/contract', {}],
      ['/v1/me', '/v1/me', {}],
      ['/v1/statistics', '/v1/statistics', { as: 'dave' }],
      ['/v1/calendar', '/v1/calendar', {}],
      ['/v1/policy-explanations', '/v1/policy-explanations', { body: explained }],
      ['/healthz', '/healthz', {}],
      ['/readyz', '/readyz', {}],
      ['/metrics', '/metrics', {}],
      ['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource', { as: null }],
    ] as const) {
      const method = 'body' in sent ? 'post' : 'get';
      const answer = await api.api.call(address, sent);
      const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
      const schema = document.paths[path]?.[method]?.responses[answer.status]?.content?.[type]?.schema;
      expect(schema, `${method} ${path} ${answer.status} ${type}`).toBeDefined();
      const validate = validatorOf(schema ?? {});
      validate(type === 'text/plain' ? answer.text : answer.body);
      expect(validate.errors ?? []).toEqual([]);
      seen.push(`${method} ${answer.status}`);
    }
    expect(seen).toEqual([
      'get 200',
      'get 400',
      'get 401',
      'post 400',
      'post 403',
      'get 200',
      'get 404',
      'post 200',
      'post 412',
      'post 403',
      'post 409',
      'get 200',
      'post 201',
      'get 200',
      'get 403',
      'get 404',
      'post 201',
      'get 200',
      'get 404',
      'get 200',
      'get 200',
      'get 200',
      'get 200',
      'get 200',
      'post 200',
      'get 200',
      'get 200',
      'get 200',
      'get 200',
    ]);
  });
});
