import { z } from 'zod';
import { RemoteError } from '../remote-error.ts';

/** What is used of Jira's answers; whatever else they have is left. */
const user = z.object({
  accountId: z.string().optional(),
  key: z.string().optional(),
  name: z.string().optional(),
  displayName: z.string().optional(),
});
export const accountAnswer = user;
/** See {@link accountId}. */
export type JiraAccount = z.infer<typeof user>;

const status = z.object({
  id: z.string(),
  name: z.string(),
  statusCategory: z.object({ key: z.enum(['new', 'indeterminate', 'done']) }),
});
export type JiraStatus = z.infer<typeof status>;

export const issueAnswer = z.object({
  id: z.string().regex(/^\d{1,18}$/),
  key: z.string().min(1).max(255),
  fields: z.looseObject({
    summary: z.string().nullish(),
    status,
    issuetype: z.object({ name: z.string() }),
    project: z.object({ key: z.string() }),
    labels: z.array(z.string()).nullish(),
    resolution: z.object({ name: z.string() }).nullish(),
    creator: user.nullish(),
    updated: z.string(),
  }),
});
export type JiraIssue = z.infer<typeof issueAnswer>;

export const createdAnswer = z.object({ id: z.string().regex(/^\d{1,18}$/) });
export const searchAnswer = z.object({
  issues: z.array(issueAnswer),
  /** The cloud's. */
  nextPageToken: z.string().nullish(),
  isLast: z.boolean().optional(),
  /** A data center's. */
  total: z.number().optional(),
});

const transitionField = z.object({
  required: z.boolean(),
  hasDefaultValue: z.boolean().optional(),
  allowedValues: z.array(z.looseObject({ name: z.string().optional() })).optional(),
});
const transition = z.object({
  id: z.string(),
  to: status,
  fields: z.record(z.string(), transitionField).optional(),
});
export const transitionsAnswer = z.object({ transitions: z.array(transition) });
export type JiraTransition = z.infer<typeof transition>;

export const commentsAnswer = z.object({
  total: z.number(),
  comments: z.array(
    z.object({
      author: user.nullish(),
      body: z.unknown(),
      properties: z.array(z.object({ key: z.string(), value: z.unknown() })).optional(),
    }),
  ),
});

export const permissionsAnswer = z.object({
  permissions: z.record(z.string(), z.object({ havePermission: z.boolean() })),
});
export const fieldsAnswer = z.array(z.object({ id: z.string(), name: z.string() }));
export const approvalsAnswer = z.object({
  isLastPage: z.boolean(),
  values: z.array(z.object({ finalDecision: z.string() })),
});

/** An answer as it has to be. @throws RemoteError `unreachable`: whatever answered, it is no Jira that we know */
export function expected<T>(schema: z.ZodType<T>, answer: unknown, what: string): T {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  const where = read.error.issues[0]?.path.map(String).join('.') ?? '';
  throw new RemoteError(
    'unreachable',
    `Jira answered otherwise than expected: ${what} (${where.slice(0, 100)})`,
  );
}

/** The id that stays of an account: the cloud's accountId, a data center's key; null for nobody. */
export function accountId(account: JiraAccount | null | undefined): string | null {
  return account?.accountId ?? account?.key ?? account?.name ?? null;
}
