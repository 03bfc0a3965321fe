import { shownJson } from '../../domain/shown-text.ts';
import { actorIn, actorNameIn, commentIn } from '../../domain/entry.ts';
import type { EntryBody, EventType } from '../../domain/entry.ts';
import type { SealedEntry } from './sealed-entry.ts';

/** The OCSF version whose API Activity (class 6003) is written. */
const ocsfVersion = '1.5.0';
const application = 6;
const apiActivity = 6003;

interface Meaning {
  /** OCSF's activity_id: 1 create, 2 read, 3 update, 99 other. */
  readonly activity: 1 | 2 | 3 | 99;
  /** OCSF's status_id: 0 unknown, 1 success, 2 failure. */
  readonly status: 0 | 1 | 2;
  /** OCSF's severity_id: 1 informational, 2 low, 3 medium, 4 high. */
  readonly severity: 1 | 2 | 3 | 4;
}

const told: Meaning = { activity: 3, status: 1, severity: 1 };
const refused: Meaning = { activity: 3, status: 2, severity: 2 };
const meanings: Partial<Record<EventType, Meaning>> = {
  'policy.pinned': { activity: 1, status: 1, severity: 1 },
  'change.requested': { activity: 1, status: 1, severity: 1 },
  'change.prechecked': { activity: 2, status: 1, severity: 1 },
  'change.refused': refused,
  'change.reminded': { activity: 99, status: 1, severity: 1 },
  'change.expired': refused,
  'change.drifted': { activity: 3, status: 2, severity: 3 },
  'attempt.started': { activity: 3, status: 0, severity: 1 },
  'attempt.failed': { activity: 3, status: 2, severity: 2 },
  'attempt.unknown': { activity: 3, status: 0, severity: 3 },
  'decision.refused': refused,
  'request.refused': refused,
  'ticket.linked': { activity: 99, status: 1, severity: 1 },
  'ticket.diverged': { activity: 99, status: 2, severity: 3 },
  'integrity.conflict': { activity: 99, status: 2, severity: 4 },
  'integrity.differs': { activity: 99, status: 2, severity: 4 },
  'subscription.created': { activity: 1, status: 1, severity: 2 },
  'subscription.deleted': { activity: 99, status: 1, severity: 2 },
  'calendar.loaded': { activity: 99, status: 1, severity: 2 },
  'directory.loaded': { activity: 99, status: 1, severity: 2 },
  'operations.loaded': { activity: 99, status: 1, severity: 2 },
  'policies.loaded': { activity: 99, status: 1, severity: 2 },
  'audit.read': { activity: 2, status: 1, severity: 1 },
  'audit.exported': { activity: 2, status: 1, severity: 1 },
  'log.started': { activity: 99, status: 1, severity: 1 },
  'log.resumed': { activity: 99, status: 1, severity: 3 },
  'key.rotated': { activity: 99, status: 1, severity: 2 },
  'statement_key.rotated': { activity: 99, status: 1, severity: 2 },
};
/** What an entry means where its own members say it, and not its type alone. */
function meaningOf({ type, verdict }: EntryBody): Meaning {
  if (type !== 'ticket.checked') return meanings[type] ?? told;
  return typeof verdict === 'string'
    ? { activity: 2, status: 2, severity: 2 }
    : { activity: 2, status: 1, severity: 1 };
}

const statusWords = ['Unknown', 'Success', 'Failure'] as const;

/**
 * One line of `ocsf.jsonl`: the entry as an OCSF API Activity event. A rendering for other tools; it is never what is
 * hashed.
 *
 * @param origin - the log's name
 */
export function ocsfLine(entry: SealedEntry, origin: string): string {
  const { index, body, leafHash, columns } = entry;
  const { activity, status, severity } = meaningOf(body);
  const call = body.type.startsWith('attempt.');
  const { source, target, operation, label, scope } = body;
  return `${shownJson({
    category_uid: application,
    class_uid: apiActivity,
    activity_id: activity,
    type_uid: apiActivity * 100 + activity,
    severity_id: severity,
    status_id: status,
    status: statusWords[status],
    status_code: columns.outcome ?? undefined,
    time: Date.parse(body.time),
    metadata: {
      version: ocsfVersion,
      product: { name: 'Countersign', vendor_name: 'Countersign' },
      log_name: origin,
      event_code: body.type,
      original_time: body.time,
      sequence: index,
      uid: leafHash,
      correlation_uid: columns.changeId ?? undefined,
    },
    actor: actorOf(entry),
    api: {
      operation: call && operation !== null ? operation : body.type,
      service: { name: call ? 'ApsaraMQ for MQTT' : 'Countersign' },
      request: columns.requestId === null ? undefined : { uid: columns.requestId },
    },
    src_endpoint: typeof source === 'string' ? { ip: source } : { svc_name: columns.actor ?? 'countersign' },
    resources:
      target === null ? undefined : [{ uid: target, name: label, type: operation ?? undefined, data: scope }],
    unmapped: { digest: body.digest, round: body.round, comment: commentIn(body) },
  })}\n`;
}

function actorOf({ body, columns }: SealedEntry): object {
  const { actor } = body;
  if (typeof actor.subject !== 'string') return { app_name: columns.actor ?? 'countersign' };
  const groups = [actorIn(body).groups].flat().filter((group) => typeof group === 'string');
  return {
    user: {
      uid: actor.subject,
      name: actor.subject,
      // An event of a host's request is never plainly the person's.
      full_name: actorNameIn(body),
      domain: actor.issuer,
      type_id: 1,
      groups: groups.map((name) => ({ name })),
    },
  };
}
