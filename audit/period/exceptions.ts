import { actorIn, commentIn } from '../../domain/entry.ts';
import type { EntryBody, EventType } from '../../domain/entry.ts';
import { objectOf, stringOf } from '../verify/fields.ts';
import type { ActedRoles } from './acted-roles.ts';
import type { ReportedChange, ReportedException } from './period-report.ts';

/** Entries that are to be looked at whatever else is said of their change. */
const kindOfType: Partial<Record<EventType, ReportedException['kind']>> = {
  'policy.pinned': 'policy_pinned',
  'policy.revoked': 'policy_revoked',
  'freeze.overridden': 'freeze_overridden',
  'key.rotated': 'key_rotated',
  'statement_key.rotated': 'key_rotated',
  'log.started': 'log_started',
  'log.resumed': 'log_resumed',
  'integrity.conflict': 'integrity',
  'integrity.mismatch': 'integrity',
  'integrity.differs': 'integrity',
};

/** Why an entry is to be looked at first, or null. */
export function exceptionOfEntry(index: number, body: EntryBody): ReportedException | null {
  const kind = kindOfType[body.type];
  if (kind === undefined) return null;
  const { time, changeId, pinnedPolicy, actor } = body;
  const { name, version, digest } = objectOf(pinnedPolicy);
  const { subject, name: personName, process } = actorIn(body);
  const who = stringOf(personName) ?? stringOf(subject) ?? stringOf(process ?? actor['process'] ?? null);
  const comment = commentIn(body);
  const parts = [
    body.type,
    pinnedPolicy !== undefined &&
      `policy ${stringOf(name) ?? ''} version ${stringOf(version) ?? ''}, digest ${stringOf(digest) ?? ''}, was used for the first time`,
    who !== null && `by ${who}`,
    typeof comment === 'string' && comment !== '' && comment,
  ].filter((part) => typeof part === 'string');
  return { kind, time, changeId, index, message: parts.join(': ') };
}

/** Why a change is to be looked at first. @param isNew - whether it was asked for in the period */
export function exceptionsOfChange(change: ReportedChange, isNew: boolean): ReportedException[] {
  const { id, requester, host, review, reviewStatus, outcome, submittedAt, closedAt } = change;
  const reviewed =
    review === null ? `its review is ${reviewStatus}` : `reviewed by ${review.person.name} at ${review.at}`;
  const told: [boolean, ReportedException['kind'], string | null, string][] = [
    [change.breakGlass, 'break_glass', submittedAt, `asked for by ${requester.name}; ${reviewed}`],
    [
      change.executionStatus === 'outcome_unknown',
      'outcome_unknown',
      closedAt,
      `nobody knows whether its call took effect (${outcome ?? ''})`,
    ],
    [
      change.reconciled,
      'reconciled',
      closedAt,
      'no answer said that its call succeeded; the target, read afterwards, did',
    ],
    [
      isNew && change.request === 'unsigned',
      'unsigned_request',
      submittedAt,
      `nobody signed that ${requester.name} asked for it`,
    ],
    [
      isNew && change.request === 'vouched',
      'host_vouched',
      submittedAt,
      `in the name of ${requester.name}, vouched for by the workflow ${host ?? ''}`,
    ],
  ];
  return told.flatMap(([applies, kind, time, message]) =>
    applies ? [{ kind, time, changeId: id, index: null, message }] : [],
  );
}

/** Somebody who acted in several roles. */
export function exceptionOfRoles({ name, subject, issuer, roles }: ActedRoles): ReportedException {
  const acted = Object.entries(roles).map(([role, times]) => `${role} ${times}×`);
  const message = `${name} (${subject} of ${issuer}) acted as ${acted.join(', ')}`;
  return { kind: 'two_roles', time: null, changeId: null, index: null, message };
}
