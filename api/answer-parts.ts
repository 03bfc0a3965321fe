import { z } from 'zod';
import { httpStatusOfCode } from '../domain/error.ts';
import type { ErrorCode } from '../domain/error.ts';
import { pinnedPolicySchema } from '../domain/policy-schema.ts';
import './schemas.ts';

/* What several answers of the API have in them. */

export const moment = z.iso.datetime();
export const json = z.record(z.string(), z.unknown());
export const person = z.object({
  issuer: z.string(),
  subject: z.string(),
  name: z.string(),
  roles: z.array(z.string()),
  groups: z.array(z.string()),
  authentication: z.object({ methods: z.array(z.string()), at: moment.nullable() }),
  issuedBy: z.object({ issuer: z.string(), subject: z.string() }).optional(),
  vouchedBy: z.object({ namespace: z.string(), type: z.string(), workflowId: z.string() }).optional(),
});

export const named = z.object({ issuer: z.string(), subject: z.string(), name: z.string() });
export const count = z.number().int();
export const scope = z.record(z.string(), z.string());

/** As it is pinned: the same members, with the same limits. */
export const policySchema = z
  .strictObject({
    ...pinnedPolicySchema.shape,
    // The generator takes a member that may only be left out for one that has to be there.
    channels: pinnedPolicySchema.shape.channels.unwrap().optional(),
  })
  .openapi('Policy');

export const errorCode = z.enum(Object.keys(httpStatusOfCode) as ErrorCode[]);

export const target = z.object({ id: z.string(), scope, label: z.string() });
export const missing = z.array(
  z.object({
    stage: z.string(),
    group: z.string().nullable(),
    seats: z.number().int(),
    alsoFrom: z.array(z.string().nullable()),
  }),
);
