import type { Change } from './change.ts';
import type { Json, JsonObject } from './json.ts';
import type { Person } from './person.ts';
import { voucherText } from './person.ts';
import { canonicalJson } from './canonical-json.ts';
import { CountersignError } from './error.ts';

/**
 * The audit log's event types and, for each, which process may append it. The database enforces the same table (see
 * the migrations), a test compares both.
 */
export const appenderOfType = {
  'policy.pinned': 'worker',
  'change.requested': 'worker',
  'change.prechecked': 'worker',
  'change.refused': 'worker',
  'change.withdrawn': 'worker',
  'change.expired': 'worker',
  'change.scheduled': 'worker',
  'change.paused': 'worker',
  'change.resumed': 'worker',
  'change.retried': 'worker',
  'change.abandoned': 'worker',
  'change.drifted': 'worker',
  'change.reminded': 'worker',
  'change.escalated': 'worker',
  'change.reconciled': 'worker',
  'change.held': 'worker',
  'change.closed': 'worker',
  'decision.approved': 'worker',
  'decision.rejected': 'worker',
  'decision.withdrawn': 'worker',
  'decision.lapsed': 'worker',
  'attempt.started': 'worker',
  'attempt.succeeded': 'worker',
  'attempt.failed': 'worker',
  'attempt.unknown': 'worker',
  'review.signed': 'worker',
  'ticket.checked': 'worker',
  'ticket.linked': 'deliverer',
  'ticket.diverged': 'deliverer',
  'integrity.conflict': 'worker',
  'integrity.mismatch': 'worker',
  'stop.requested': 'api',
  'stop.lifted': 'api',
  'decision.refused': 'api',
  'request.refused': 'api',
  'integrity.differs': 'api',
  'policy.revoked': 'api',
  'token.issued': 'api',
  'token.revoked': 'api',
  'subscription.created': 'api',
  'subscription.changed': 'api',
  'subscription.deleted': 'api',
  'freeze.declared': 'api',
  'freeze.lifted': 'api',
  'freeze.overridden': 'api',
  'audit.read': 'api',
  'audit.exported': 'api',
  'calendar.loaded': 'worker',
  'directory.loaded': 'worker',
  'operations.loaded': 'worker',
  'policies.loaded': 'worker',
  'log.started': 'signer',
  'log.resumed': 'signer',
  'key.rotated': 'signer',
  'statement_key.rotated': 'api',
} as const;

/** What an entry may tell of. */
export type EventType = keyof typeof appenderOfType;

/** Most bytes of an entry's canonical JSON: 32 KiB. */
export const maxEntryBytes = 32_768;

/** Most bytes of a policy's canonical JSON, which stands in an entry of its own. */
export const mostPolicyBytes = 16_384;

/** Most bytes of a snapshot's canonical JSON: it stands in each decision, beside what the person said. */
export const mostSnapshotBytes = 8192;

/** An entry before it is hashed: its key, which makes it unique, and its body. */
export interface EntryDraft {
  /** `<namespace>/<workflow id>/<event type>/<ordinal>`; attempts add the activity id and attempt. At most 512 characters. */
  readonly key: string;
  readonly body: EntryBody;
}

/** An entry's body. Every member is hashed, so every member is fixed before the first delivery. */
export interface EntryBody {
  readonly v: 1;
  readonly type: EventType;
  /** ISO 8601 with milliseconds, UTC. */
  readonly time: string;
  readonly changeId: string | null;
  /** The person who caused it, or the process that did. */
  readonly actor: JsonObject;
  readonly operation: string | null;
  /** The target's id; its scope and label stand in `change.requested`. */
  readonly target: string | null;
  /** What else belongs to this type; see docs/audit-log.md. */
  readonly [member: string]: Json;
}

/** What an entry says: its type, when, who caused it, and what else belongs to the type. */
export type EntryMembers = Pick<EntryBody, 'type' | 'time' | 'actor'> &
  Partial<Pick<EntryBody, 'changeId' | 'operation' | 'target'>> & { readonly [member: string]: Json };

/** What makes an entry unique beside its type; see {@link EntryDraft}. */
export interface EntryPlace {
  /** Temporal's namespace; `log` for an entry of the log itself. */
  readonly namespace: string;
  /** What the entry is of: a workflow id, `freeze-<id>`, …; `-` for nothing in particular. */
  readonly of: string;
  readonly ordinal: string | number;
}

/** The body of an entry: of no change, operation and target, unless it says of which. */
export function newEntryBody(members: EntryMembers): EntryBody {
  return { v: 1, changeId: null, operation: null, target: null, ...members };
}

/** The key of an entry of a type. */
export function entryKey({ namespace, of, ordinal }: EntryPlace, type: EventType): string {
  return `${namespace}/${of}/${type}/${ordinal}`;
}

/** An entry, for whoever appends it. */
export function newEntry(place: EntryPlace, members: EntryMembers): EntryDraft {
  return { key: entryKey(place, members.type), body: newEntryBody(members) };
}

/** The worker itself as an entry's actor. */
export const workerActor: JsonObject = { process: 'worker' };

/** The deliverer likewise. */
export const delivererActor: JsonObject = { process: 'deliverer' };

/** A person as an entry's actor, where no statement of theirs stands in it. */
export function personActor(person: Person): JsonObject {
  const { issuer, subject, name, roles, groups, authentication, issuedBy, vouchedBy } = person;
  return {
    issuer,
    subject,
    name,
    roles,
    groups,
    authentication,
    ...(issuedBy && { issuedBy: { ...issuedBy } }),
    ...(vouchedBy && { vouchedBy: { ...vouchedBy } }),
  };
}

/** A person as the actor of an entry that has their statement: the rest of them stands there, as it was signed. */
export function statedActor({ issuer, subject, name }: Person): JsonObject {
  return { issuer, subject, name };
}

/**
 * Who caused an entry, with everything that it tells of them: the person of the statement that stands in it, otherwise its
 * actor. An entry that somebody has edited may hold anything, so the members are not those of a person for certain.
 */
export function actorIn({ actor, statement }: EntryBody): JsonObject {
  return objectIn(objectIn(statement)?.['person']) ?? actor;
}

/** The host at whose word the person of an entry is taken for a requester, as text; null where there is none. */
export function voucherIn(vouchedBy: Json | undefined): string | null {
  const { type, workflowId } = objectIn(vouchedBy) ?? {};
  return typeof type === 'string' && typeof workflowId === 'string'
    ? voucherText({ type, workflowId })
    : null;
}

/** The name of whoever caused an entry, never plainly where only a host says that it is them; as it stands there where it is none. */
export function actorNameIn({ actor }: EntryBody): Json | undefined {
  const voucher = voucherIn(actor['vouchedBy']);
  const { name, subject } = actor;
  const known = typeof name === 'string' ? name : subject;
  return voucher === null ? name : `${typeof known === 'string' ? known : ''}, vouched for by ${voucher}`;
}

/** What somebody said with an entry: a justification, the comment of the statement that stands in it, or its own. */
export function commentIn({ justification, comment, statement }: EntryBody): Json | undefined {
  return justification ?? objectIn(statement)?.['comment'] ?? comment;
}

function objectIn(value: Json | undefined): JsonObject | null {
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
  return isObject ? (value as JsonObject) : null;
}

/** What every entry that the worker writes says of its change: what, on what, under which policy, digest and round. */
export function changeMembers(
  change: Pick<Change, 'id' | 'operation' | 'target' | 'ticket' | 'digest' | 'round'> & {
    readonly policy: Pick<Change['policy'], 'name' | 'version' | 'digest'>;
  },
) {
  const { id, operation, target, ticket, policy, digest, round } = change;
  return {
    changeId: id,
    operation,
    target: target.id,
    ticket: ticket && { system: ticket.system, id: ticket.id, url: ticket.url },
    policy: { name: policy.name, version: policy.version, digest: policy.digest },
    digest,
    round,
  };
}

/** How many bytes an entry takes; see {@link entryBytes}. */
export function entryLength(body: EntryBody): number {
  return encode(body).length;
}

/**
 * Why an entry cannot be written; null when it can.
 * @param of - what it would tell of, such as `this decision`
 * @returns null, or `invalid_request`
 */
export function refusalOfLength(body: EntryBody, of: string): CountersignError | null {
  const bytes = entryLength(body);
  return bytes <= maxEntryBytes ? null : tooLong(bytes, of);
}

function tooLong(bytes: number, of: string): CountersignError {
  const message = `the entry of ${of} takes ${bytes} bytes, at most ${maxEntryBytes} can be recorded`;
  return new CountersignError('invalid_request', message, {
    errors: [{ field: 'entry', rule: 'max_bytes', message: `at most ${maxEntryBytes} bytes` }],
  });
}

/**
 * The exact bytes of an entry: UTF-8 of its canonical JSON.
 *
 * @throws CountersignError `invalid_request` when it is not canonical JSON's subset or longer than {@link maxEntryBytes}
 */
export function entryBytes(body: EntryBody): Uint8Array {
  const bytes = encode(body);
  if (bytes.length > maxEntryBytes) throw tooLong(bytes.length, body.type);
  return bytes;
}

function encode(body: EntryBody): Uint8Array {
  return new TextEncoder().encode(canonicalJson(body));
}
