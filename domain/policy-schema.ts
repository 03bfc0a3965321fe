import { z } from 'zod';
import type { PinnedPolicy } from './policy.ts';
import { personIdSchema } from './person-schema.ts';
import { isoMoment, sha256Hex, text } from './text-schema.ts';

const name = text(1000).min(1);
const ms = z.int().min(0);

/** A pinned policy with each of its members and no other. What it may say, the policy file's own schema decides. */
export const pinnedPolicySchema: z.ZodType<PinnedPolicy> = z.strictObject({
  name,
  version: name,
  digest: sha256Hex,
  stages: z.array(
    z.strictObject({
      name,
      groups: z.array(z.strictObject({ group: name.nullable(), threshold: z.int().min(1).max(1000) })),
    }),
  ),
  reject: z.union([
    z.strictObject({ kind: z.enum(['any', 'majority']) }),
    z.strictObject({ kind: z.literal('count'), count: z.int().min(1) }),
  ]),
  commentRequired: z.enum(['never', 'reject', 'always']),
  decideWithinMs: ms,
  executeWithinMs: ms,
  remindersMs: z.array(ms),
  escalation: z.strictObject({ afterMs: ms, group: name }).nullable(),
  delegations: z.array(
    z.strictObject({ from: personIdSchema, to: personIdSchema, since: isoMoment, until: isoMoment }),
  ),
  windows: z.array(
    z.strictObject({
      cron: text(200),
      durationMinutes: z.int().min(1),
      timeZone: text(200),
      holidays: z.array(text(20)),
    }),
  ),
  freezeOverride: z.strictObject({ group: name }).nullable(),
  precheck: z.enum(['required', 'advisory']),
  breakGlass: z
    .strictObject({
      groups: z.array(name),
      approvals: z.union([z.literal(0), z.literal(1)]),
      reasons: z.array(text(2000)).exactOptional(),
    })
    .nullable(),
  standard: z.boolean(),
  authentication: z
    .strictObject({
      methods: z.array(text(200)).exactOptional(),
      maxAgeSeconds: z.int().min(0).exactOptional(),
    })
    .nullable(),
  channels: z
    .array(z.strictObject({ name: text(100).min(1), mode: z.enum(['decide', 'reject_only']) }))
    .min(1)
    .exactOptional(),
  ticket: z
    .strictObject({
      system: name,
      required: z.boolean(),
      projects: z.array(name).nullable(),
      types: z.array(name).nullable(),
      states: z.array(name).nullable(),
      sameTarget: z.strictObject({ field: name, member: name.nullable() }).nullable(),
      window: z.strictObject({ start: name, end: name }).nullable(),
      approved: z.boolean(),
    })
    .nullable(),
  groups: z.record(
    z.string(),
    z.union([
      z.strictObject({ source: z.enum(['token', 'directory']) }),
      z.strictObject({ source: z.literal('members'), members: z.array(personIdSchema) }),
    ]),
  ),
});
