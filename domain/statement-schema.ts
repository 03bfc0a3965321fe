import { z } from 'zod';
import type { SignedRequest } from './change.ts';
import type { SignedStatement, Statement } from './statement.ts';
import { personSchema } from './person-schema.ts';
import { isoMoment, sha256Hex } from './text-schema.ts';

const kinds = [
  'decision',
  'decision_withdrawal',
  'withdrawal',
  'execution',
  'review',
  'takeover',
  'revocation',
  'submission',
] as const satisfies readonly Statement['kind'][];
const actions = [
  'approve',
  'reject',
  'withdraw',
  'pause',
  'resume',
  'retry',
  'abandon',
  'sign',
  'take_over',
  'revoke',
  'submit',
] as const satisfies readonly Statement['action'][];

const membership = z.strictObject({
  issuer: z.string(),
  subject: z.string(),
  groups: z.array(z.string()),
});

/** What somebody said, with the API's signature on it. Whether it is one, is asked where the keys are known. */
export const signedStatementSchema: z.ZodType<SignedStatement> = z.strictObject({
  statement: z.strictObject({
    v: z.literal(1),
    kind: z.enum(kinds),
    changeId: z.uuid().lowercase(),
    person: personSchema,
    action: z.enum(actions),
    comment: z.string().max(2000),
    digest: sha256Hex.nullable(),
    round: z.int().min(0),
    directory: z.array(membership).exactOptional(),
    at: isoMoment,
  } satisfies Record<keyof Statement, z.ZodType>),
  keyId: z.string(),
  signature: z.string(),
});

/** What somebody asks of a change by an update or a review. */
export const signedRequestSchema: z.ZodType<SignedRequest> = z.strictObject({
  signed: signedStatementSchema,
  source: z.string().nullable(),
});
