import type { EntryBody } from '../domain/entry.ts';

/** The query columns of an entry, as `audit.append` derives them from its bytes. */
export interface EntryColumns {
  readonly type: string;
  readonly changeId: string | null;
  /** `issuer`, a blank, `subject`; for a process its name. */
  readonly actor: string | null;
  readonly outcome: string | null;
  readonly requestId: string | null;
  /** ISO 8601 with milliseconds, UTC. */
  readonly time: string;
}

/** Derives the columns from an entry's body once more, by the rules of docs/audit-log.md. */
export function columnsOf(body: EntryBody): EntryColumns {
  const { type, changeId, actor, outcome, attempt, requestId, time } = body;
  const [issuer, subject] = [textAt(actor, 'issuer'), textAt(actor, 'subject')];
  return {
    type,
    changeId,
    actor: issuer !== null && subject !== null ? `${issuer} ${subject}` : textAt(actor, 'process'),
    outcome: (typeof outcome === 'string' ? outcome : textAt(outcome, 'code')) ?? textAt(attempt, 'code'),
    requestId: text(requestId) ?? textAt(attempt, 'requestId') ?? textAt(outcome, 'requestId'),
    time,
  };
}

/** A member as Postgres' `#>>` gives it: text, or null where there is none. */
function textAt(value: unknown, member: string): string | null {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, member)) return null;
  return text((value as Record<string, unknown>)[member]);
}

function text(value: unknown): string | null {
  if (value == null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
