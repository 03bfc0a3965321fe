import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

/** The repository. */
export const root = join(import.meta.dirname, '..', '..');

const condition = z.enum(['service_started', 'service_healthy', 'service_completed_successfully']);
const duration = z.string().regex(/^\d+(ms|s|m|h)$/);

/** The parts of the Compose Specification that our file uses, and no others: a misspelt member is an error. */
const service = z
  .strictObject({
    image: z.string(),
    build: z.literal('.').optional(),
    command: z.array(z.string()).optional(),
    entrypoint: z.array(z.string()).optional(),
    environment: z.record(z.string(), z.string()).default({}),
    secrets: z.array(z.string()).default([]),
    volumes: z.array(z.string().regex(/^(\$\{[A-Z_]+:-[^:}]+\}|[^:$]+):\/[^:]+(:ro)?$/)).default([]),
    ports: z.array(z.string().regex(/^127\.0\.0\.1:\d+(-\d+)?:\d+$/)).optional(),
    networks: z.array(z.string()).optional(),
    network_mode: z
      .string()
      .regex(/^service:[a-z-]+$/)
      .optional(),
    depends_on: z.record(z.string(), z.strictObject({ condition })).default({}),
    healthcheck: z
      .strictObject({
        test: z.array(z.string()).min(2),
        interval: duration,
        timeout: duration,
        retries: z.int().positive(),
        start_period: duration.optional(),
      })
      .optional(),
    deploy: z.strictObject({ replicas: z.int().positive() }).optional(),
    profiles: z.array(z.string()).optional(),
    restart: z.string().optional(),
    stop_grace_period: duration.optional(),
    init: z.boolean().optional(),
    user: z.string().optional(),
    read_only: z.boolean().optional(),
    tmpfs: z.array(z.string()).optional(),
    cap_drop: z.array(z.string()).optional(),
    security_opt: z.array(z.string()).optional(),
  })
  .refine((s) => (s.networks === undefined) !== (s.network_mode === undefined), 'networks or network_mode');

const file = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.strictObject({ internal: z.boolean().optional() })),
  volumes: z.record(z.string(), z.strictObject({})),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
});

/** One service of the file. */
export type Service = z.infer<typeof service>;
/** The file. */
export type ComposeFile = z.infer<typeof file>;

/** docker-compose.yml, its anchors resolved, checked. */
export function readCompose(): ComposeFile {
  const raw = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as Record<
    string,
    unknown
  >;
  return file.parse(Object.fromEntries(Object.entries(raw).filter(([name]) => !name.startsWith('x-'))));
}
