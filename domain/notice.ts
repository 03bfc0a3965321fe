import type { Change } from './change.ts';
import type { ChangeEventType } from './change-event.ts';
import type { EventType } from './entry.ts';
import type { PersonId } from './person.ts';
import { samePerson } from './person.ts';
import type { PinnedPolicy } from './policy.ts';
import { isoTime } from './time.ts';

/**
 * What people are told of: a decision is awaited, is still awaited, or is awaited of another group too; what was decided; a
 * break-glass change runs without asking them; how a change ended.
 */
export type NoticeKind =
  'awaiting_decision' | 'reminder' | 'escalated' | 'decided' | 'break_glass' | 'closed';

/** Who is told. `groups`: their members; null among them: everybody with the role approver. */
export interface Audience {
  readonly groups: readonly (string | null)[];
  readonly people: readonly PersonId[];
}

/** A notice that falls due while a decision is awaited. */
export interface DueNotice {
  readonly kind: 'reminder' | 'escalated';
  /** ISO 8601. */
  readonly at: string;
}

/**
 * When those who are still missing are reminded, and when the escalation group is asked, in order. What would come at or
 * after decide-by is left out, and so is a reminder that would come with another.
 *
 * @param since - ISO 8601: the submission for a change's first round; the escalation of a later round counts from its start
 * @param decideBy - ISO 8601
 */
export function dueNotices(
  policy: Pick<PinnedPolicy, 'remindersMs' | 'escalation'>,
  since: string,
  decideBy: string,
): DueNotice[] {
  const { remindersMs, escalation } = policy;
  const start = Date.parse(since);
  return [
    ...[...new Set(remindersMs)].map((ms) => ({ kind: 'reminder' as const, ms })),
    ...(escalation ? [{ kind: 'escalated' as const, ms: escalation.afterMs }] : []),
  ]
    .filter(({ ms }) => start + ms < Date.parse(decideBy))
    .sort((a, b) => a.ms - b.ms)
    .map(({ kind, ms }) => ({ kind, at: isoTime(start + ms) }));
}

/** The entries that people are told of, and what each is to them. Where nobody is missing, nothing is awaited. */
const notices: Partial<Record<EventType, (after: Change) => NoticeKind | null>> = {
  'change.prechecked': ({ missing }) => (missing.length > 0 ? 'awaiting_decision' : null),
  'decision.lapsed': ({ missing }) => (missing.length > 0 ? 'awaiting_decision' : null),
  'change.reminded': () => 'reminder',
  'change.escalated': () => 'escalated',
  'change.scheduled': ({ breakGlass }) => (breakGlass ? 'break_glass' : 'decided'),
  'change.closed': () => 'closed',
};

/** The types of entries that people are told of. */
export const noticedTypes = Object.keys(notices) as readonly ChangeEventType[];

/** Which notice an entry is; null for one that people are not told of. @param after - the change right after it */
export function noticeOf(type: EventType, after: Change): NoticeKind | null {
  return notices[type]?.(after) ?? null;
}

/** Who is told what of a change, as it is now: those who may act, and those who acted or were passed over. */
export function audienceOf(kind: NoticeKind, change: Change): Audience {
  const { policy, requester, missing, decisions } = change;
  const asked = policy.stages.flatMap(({ groups }) => groups.map(({ group }) => group));
  const escalated = change.escalatedAt !== null && policy.escalation ? [policy.escalation.group] : [];
  switch (kind) {
    case 'awaiting_decision':
    case 'reminder': {
      const stage = missing[0]?.stage;
      const open = missing.filter((seats) => seats.stage === stage);
      const groups = open.flatMap(({ group, alsoFrom }) => [group, ...alsoFrom]);
      return { groups: [...new Set([...groups, ...escalated])], people: [] };
    }
    case 'escalated':
      return { groups: policy.escalation ? [policy.escalation.group] : [], people: [idOf(requester)] };
    case 'break_glass':
      return { groups: [...new Set(asked)], people: [] };
    case 'decided':
    case 'closed': {
      const people = [requester, ...decisions.map(({ person }) => person)].map(idOf);
      const distinct = people.filter((p, i) => people.findIndex((q) => samePerson(p, q)) === i);
      return {
        groups: [...new Set([...asked, ...escalated])],
        people: distinct.slice(0, mostPeopleTold),
      };
    }
  }
}

/** Most people that a notice names beside groups, however many have decided. */
export const mostPeopleTold = 100;

function idOf({ issuer, subject }: PersonId): PersonId {
  return { issuer, subject };
}
