import { z } from 'zod';
import type { SignedRequest } from './change.ts';
import { actionsOfKind } from './statement.ts';
import type { SignedStatement, Statement, StatementKind, StatementMembers } from './statement.ts';
import { personSchema } from './person-schema.ts';
import { isoMoment, sha256Hex } from './text-schema.ts';

const membership = z.strictObject({
  issuer: z.string(),
  subject: z.string(),
  groups: z.array(z.string()),
});

const members = {
  v: z.literal(1),
  changeId: z.uuid().lowercase(),
  person: personSchema,
  comment: z.string().max(2000),
  digest: sha256Hex.nullable(),
  round: z.int().min(0),
  directory: z.array(membership).exactOptional(),
  at: isoMoment,
} satisfies Record<keyof StatementMembers, z.ZodType>;

function statementOf<K extends StatementKind>(kind: K) {
  const actions: readonly string[] = actionsOfKind[kind];
  return z.strictObject({ ...members, kind: z.literal(kind), action: z.enum(actions) });
}

/** A statement: each kind with its own actions. */
const statement = z.discriminatedUnion('kind', [
  statementOf('decision'),
  statementOf('decision_withdrawal'),
  statementOf('withdrawal'),
  statementOf('execution'),
  statementOf('review'),
  statementOf('takeover'),
  statementOf('revocation'),
  statementOf('submission'),
]) as unknown as z.ZodType<Statement>;

/** What somebody said, with the API's signature on it. Whether it is one, is asked where the keys are known. */
export const signedStatementSchema: z.ZodType<SignedStatement> = z.strictObject({
  statement,
  keyId: z.string(),
  signature: z.string(),
});

/** What somebody asks of a change by an update or a review. */
export const signedRequestSchema: z.ZodType<SignedRequest> = z.strictObject({
  signed: signedStatementSchema,
  source: z.string().nullable(),
});
