import type { Change } from './change.ts';
import type { Json, JsonObject } from './json.ts';
import type { Person } from './person.ts';
import { canonicalJson } from './canonical-json.ts';
import { CountersignError } from './error.ts';

/**
 * The audit log's event types and, for each, which process may append it. The database enforces the same table (see
 * the migrations), a test compares both.
 */
export const appenderOfType = {
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
  'notification.sent': 'worker',
  'integrity.conflict': 'worker',
  'stop.requested': 'api',
  'stop.lifted': 'api',
  'decision.refused': 'api',
  'request.refused': 'api',
  'integrity.differs': 'api',
  'policy.revoked': 'api',
  'token.issued': 'api',
  'token.revoked': 'api',
  'freeze.declared': 'api',
  'freeze.lifted': 'api',
  'freeze.overridden': 'api',
  'audit.read': 'api',
  'audit.exported': 'api',
  'log.started': 'signer',
  'log.resumed': 'signer',
  'key.rotated': 'signer',
} as const;

/** What an entry may tell of. */
export type EventType = keyof typeof appenderOfType;

/** Most bytes of an entry's canonical JSON: 32 KiB. */
export const maxEntryBytes = 32_768;

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

/** The worker itself as an entry's actor. */
export const workerActor: JsonObject = { process: 'worker' };

/** A person as an entry's actor. */
export function personActor(person: Person): JsonObject {
  const { issuer, subject, name, roles, groups, authentication, issuedBy } = person;
  return {
    issuer,
    subject,
    name,
    roles,
    groups,
    authentication,
    ...(issuedBy && { issuedBy: { ...issuedBy } }),
  };
}

/** What every entry that the worker writes says of its change: what, on what, under which policy, digest and round. */
export function changeMembers(change: Change) {
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

/**
 * The exact bytes of an entry: UTF-8 of its canonical JSON.
 *
 * @throws CountersignError `invalid_request` when it is not canonical JSON's subset or longer than {@link maxEntryBytes}
 */
export function entryBytes(body: EntryBody): Uint8Array {
  const bytes = new TextEncoder().encode(canonicalJson(body));
  if (bytes.length > maxEntryBytes) {
    throw new CountersignError(
      'invalid_request',
      `an entry has at most ${maxEntryBytes} bytes, got ${bytes.length}`,
      {
        errors: [{ field: 'entry', rule: 'max_bytes', message: `at most ${maxEntryBytes} bytes` }],
      },
    );
  }
  return bytes;
}
