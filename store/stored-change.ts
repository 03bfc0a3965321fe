import { z } from 'zod';
import type { Change } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import type { PinnedPolicy } from '../domain/policy.ts';
import { decisionStatuses, executionStatuses, reviewStatuses } from '../domain/status.ts';
import { standings } from '../domain/status.ts';
import { isoMoment } from '../domain/text-schema.ts';

/** What a statement selects of a change; see {@link storedChange}. */
export const storedColumns = `id, version, document,
  to_char(submitted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "submittedAt"`;

/** A row of {@link storedColumns}. */
export interface StoredChange {
  readonly id: string;
  /** Postgres' bigint comes as text. */
  readonly version: string;
  readonly document: unknown;
  readonly submittedAt: string;
}

const { string, number, boolean, array, looseObject } = z;
const moment = isoMoment.nullable();
const json = z.record(string(), z.unknown());
const personId = looseObject({ issuer: string(), subject: string() });
const person = looseObject({
  issuer: string(),
  subject: string(),
  name: string(),
  roles: array(string()),
  groups: array(string()),
  authentication: looseObject({ methods: array(string()), at: string().nullable() }),
  issuedBy: personId.optional(),
  vouchedBy: looseObject({ namespace: string(), type: string(), workflowId: string() }).optional(),
});
const groupSource = z.union([
  looseObject({ source: z.enum(['token', 'directory']) }),
  looseObject({ source: z.literal('members'), members: array(personId) }),
]);
const window = looseObject({
  cron: string(),
  durationMinutes: number(),
  timeZone: string(),
  holidays: array(string()),
});
const seats = looseObject({ group: string().nullable(), threshold: number() });
const policy = looseObject({
  name: string(),
  version: string(),
  digest: string(),
  stages: array(looseObject({ name: string(), groups: array(seats) })),
  reject: looseObject({ kind: string() }),
  commentRequired: string(),
  decideWithinMs: number(),
  executeWithinMs: number(),
  remindersMs: array(number()),
  escalation: looseObject({ afterMs: number(), group: string() }).nullable(),
  delegations: array(looseObject({ from: personId, to: personId, since: string(), until: string() })),
  windows: array(window),
  freezeOverride: looseObject({ group: string() }).nullable(),
  precheck: string(),
  breakGlass: looseObject({
    groups: array(string()),
    approvals: number(),
    reasons: array(string()).optional(),
  }).nullable(),
  standard: boolean(),
  authentication: looseObject({ methods: array(string()).optional() }).nullable(),
  ticket: looseObject({
    system: string(),
    required: boolean(),
    projects: array(string()).nullable(),
    types: array(string()).nullable(),
    states: array(string()).nullable(),
    sameTarget: looseObject({ field: string(), member: string().nullable() }).nullable(),
    window: looseObject({ start: string(), end: string() }).nullable(),
    approved: boolean(),
  }).nullable(),
  channels: array(looseObject({ name: string(), mode: string() })).optional(),
  groups: z.record(string(), groupSource),
} satisfies Record<keyof PinnedPolicy, z.ZodType>);
const decision = looseObject({
  decision: z.enum(['approve', 'reject']),
  comment: string(),
  person,
  digest: string(),
  round: number(),
  stage: string(),
  at: isoMoment,
  counts: boolean(),
  directory: array(looseObject({ issuer: string(), subject: string(), groups: array(string()) })).optional(),
});
const missing = looseObject({
  stage: string(),
  group: string().nullable(),
  seats: number(),
  alsoFrom: array(string().nullable()),
});

/** The form that each member must have for our readers. Further properties of a member are kept. */
const members = {
  id: string(),
  version: z.int(),
  operation: string(),
  operationVersion: string(),
  inputSchemaDigest: string(),
  input: json,
  target: looseObject({ id: string(), scope: z.record(string(), string()), label: string() }),
  requester: person,
  justification: string(),
  ticket: looseObject({ system: string(), id: string(), url: string().nullable() }).nullable(),
  breakGlass: boolean(),
  policy,
  decisionStatus: z.enum(decisionStatuses),
  executionStatus: z.enum(executionStatuses),
  reviewStatus: z.enum(reviewStatuses),
  submittedAt: isoMoment,
  decideBy: isoMoment,
  executeAfter: moment,
  executeBy: moment,
  asked: looseObject({ executeBy: moment, executeWithinMs: z.int() }),
  snapshot: json.nullable(),
  digest: string().nullable(),
  round: z.int(),
  escalatedAt: moment,
  decisions: array(decision),
  missing: array(missing),
  outcome: looseObject({
    code: string(),
    message: string(),
    requestId: string().nullable(),
    reconciled: boolean(),
    at: string(),
  }).nullable(),
  stopWords: z.int(),
  standing: z.enum(standings),
  reason: looseObject({ code: string(), message: string(), requestId: string().nullable() }).nullable(),
  calls: looseObject({ started: z.int(), open: array(z.int()), called: boolean(), succeeded: boolean() }),
  review: looseObject({ person, comment: string(), at: string() }).nullable(),
  closedAt: moment,
} satisfies Record<keyof Change, z.ZodType>;
const whole = looseObject(members);

/**
 * A change as it is stored. A row may have been edited, or be of a worker that was not ours: what a member lacks or has of
 * another form is replaced by what says nothing and allows nothing, so that no reader fails on it, the reconciler can close
 * it, and a digest of it fits no longer. Which row it is, its version and its place in lists are the row's own.
 */
export function storedChange({ id, version, document, submittedAt }: StoredChange): Change {
  const own = { id, version: Number(version), submittedAt };
  const told = { ...(document as object | null), ...own };
  return whole.safeParse(told).success ? (told as Change) : repaired(told);
}

function repaired(told: Pick<Change, 'id' | 'version' | 'submittedAt'> & Record<string, unknown>): Change {
  const kept = (name: keyof Change) => members[name].safeParse(told[name]).success;
  const nothing = { ...unreadable(told), id: told.id, version: told.version, submittedAt: told.submittedAt };
  const lost = (Object.keys(members) as (keyof Change)[]).filter((name) => !kept(name));
  return { ...told, ...Object.fromEntries(lost.map((name) => [name, nothing[name]])) } as unknown as Change;
}

/** The replacement of each member that cannot be read: as much of the member as can be read. */
function unreadable(told: Record<string, unknown>): Change {
  const { requester, policy: rules } = told;
  return {
    id: '',
    version: 0,
    operation: '',
    operationVersion: '',
    inputSchemaDigest: '',
    input: {},
    target: { id: textIn(told['target'], 'id'), scope: {}, label: textIn(told['target'], 'label') },
    requester: {
      issuer: textIn(requester, 'issuer'),
      subject: textIn(requester, 'subject'),
      name: textIn(requester, 'name'),
      roles: [],
      groups: [],
      authentication: { methods: [], at: null },
    },
    justification: '',
    ticket: null,
    breakGlass: false,
    policy: {
      name: textIn(rules, 'name'),
      version: textIn(rules, 'version'),
      digest: textIn(rules, 'digest'),
      // A stage without groups is never complete.
      stages: [{ name: 'unreadable', groups: [] }],
      reject: { kind: 'any' },
      commentRequired: 'never',
      decideWithinMs: 0,
      executeWithinMs: 0,
      remindersMs: [],
      escalation: null,
      delegations: [],
      windows: [],
      freezeOverride: null,
      precheck: 'required',
      breakGlass: null,
      standard: false,
      authentication: null,
      ticket: null,
      groups: {},
    },
    decisionStatus: 'pending',
    executionStatus: 'not_started',
    reviewStatus: 'none',
    submittedAt: epoch,
    // A moment in the past: nothing may be decided.
    decideBy: epoch,
    executeAfter: null,
    executeBy: null,
    asked: { executeBy: null, executeWithinMs: 0 },
    snapshot: null,
    digest: null,
    round: 0,
    escalatedAt: null,
    decisions: listOf(told['decisions'], decision),
    missing: listOf(told['missing'], missing),
    outcome: null,
    stopWords: 0,
    standing: 'going',
    reason: null,
    // Whether a call was made is unknown, so it may have been.
    calls: { started: 0, open: [], called: true, succeeded: false },
    review: null,
    closedAt: null,
  };
}

const epoch = '1970-01-01T00:00:00.000Z';

function textIn(value: unknown, member: string): string {
  const found = (value as JsonObject | null | undefined)?.[member];
  return typeof found === 'string' ? found : '';
}

/** The items of a list that can be read. */
function listOf<T>(value: unknown, schema: z.ZodType): T[] {
  return Array.isArray(value) ? value.filter((item): item is T => schema.safeParse(item).success) : [];
}
