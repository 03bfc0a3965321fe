import { z } from 'zod';
import { resourceMetadataPath } from '../resource.ts';
import type { Call } from './call.ts';

const readiness = z.object({
  status: z.enum(['ready', 'not ready']),
  postgres: z.boolean(),
  temporal: z.boolean(),
  log: z.boolean(),
  unsealed: z.object({ entries: z.int(), seconds: z.number() }).nullable(),
});
const protectedResource = z.object({
  resource: z.string(),
  authorization_servers: z.array(z.string()),
  bearer_methods_supported: z.array(z.string()),
  resource_name: z.string(),
});

/** What needs no bearer token: the process itself, and what other systems send and sign. */
export const tokenlessCalls: readonly Call[] = [
  {
    method: 'get',
    path: '/healthz',
    summary: 'Liveness',
    roles: null,
    answers: { 200: z.object({ status: z.string() }) },
    problems: [],
  },
  {
    method: 'get',
    path: '/readyz',
    summary: 'Readiness',
    roles: null,
    answers: { 200: readiness, 503: readiness },
    problems: [],
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'Prometheus metrics; 404 where they are off',
    roles: null,
    answers: { 200: z.string() },
    as: 'text/plain',
    problems: [],
  },
  {
    method: 'get',
    path: resourceMetadataPath,
    summary: 'Whose tokens this API takes (RFC 9728)',
    roles: null,
    answers: { 200: protectedResource },
    problems: [],
  },
  {
    method: 'post',
    path: '/v1/inbound/{system}',
    summary: 'What a ticket or chat system sends: signed by it over the raw body, each in its own form',
    roles: null,
    params: z.object({ system: z.string() }),
    answers: { 200: z.looseObject({}) },
    problems: [400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503],
  },
];
