import type { Change, Decision, MissingSeats } from '../domain/change.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { NoticeKind } from '../domain/notice.ts';
import { attributedName } from '../domain/person.ts';
import { shownText } from '../domain/shown-text.ts';

/** One line of what people are told of a change. What is in `text` may be anybody's words, on one line. */
export interface Fact {
  readonly label: string;
  readonly text: string;
}

const longestText = 1000;
const longestLabel = 60;
const mostDecisions = 10;
const mostRead = 8;

/** What happened, in one line, such as a subject. */
export function headline(kind: NoticeKind, change: Change): string {
  const what = `${change.operation} on ${change.target.label}`;
  return shown(`${openingOf(kind, change)}: ${what}`, 200);
}

function openingOf(kind: NoticeKind, change: Change): string {
  switch (kind) {
    case 'awaiting_decision':
      return change.round > 1 ? 'Approval wanted again' : 'Approval wanted';
    case 'reminder':
      return 'Reminder, approval wanted';
    case 'escalated':
      return 'Approval still wanted';
    case 'break_glass':
      return 'Break-glass, runs without all approvals';
    case 'decided':
      return 'Approved';
    case 'closed':
      return `Ended, ${endOf(change)}`;
  }
}

/** How a change stands, in a few words. */
export function standingOf(change: Change): string {
  if (change.closedAt !== null) return `ended, ${endOf(change)}`;
  if (change.decisionStatus !== 'pending')
    return `${change.decisionStatus}, ${words(change.executionStatus)}`;
  return change.digest === null ? 'the target is being read' : 'a decision is awaited';
}

/** What people are told of a change. @param now - ms since the epoch, for the time that is left */
export function factsOf(change: Change, now: number): Fact[] {
  const { target, requester, policy, ticket, digest, round, decideBy, executeBy, outcome } = change;
  const isAsking = change.decisionStatus === 'pending' && change.closedAt === null;
  const counting = change.decisions.filter(({ counts }) => counts);
  const facts: (Fact | null)[] = [
    { label: 'Status', text: standingOf(change) },
    { label: 'Operation', text: change.operation },
    { label: 'Target', text: `${target.label} (${target.id})` },
    {
      label: 'Requested by',
      text: attributedName({ ...requester, name: `${requester.name} (${requester.subject})` }),
    },
    { label: 'Justification', text: change.justification },
    change.breakGlass ? { label: 'Break-glass', text: 'yes, a review is owed afterwards' } : null,
    ticket && { label: 'Ticket', text: `${ticket.system}:${ticket.id}` },
    ...readFacts(change.snapshot),
    { label: 'Policy', text: `${policy.name}, version ${policy.version}` },
    isAsking && change.missing.length > 0
      ? { label: 'Missing', text: change.missing.map(seatsText).join('; ') }
      : null,
    isAsking ? { label: 'Decide by', text: `${minute(decideBy)} (${leftUntil(decideBy, now)})` } : null,
    ...counting.slice(0, mostDecisions).map(decisionFact),
    counting.length > mostDecisions
      ? { label: 'Decisions', text: `${counting.length - mostDecisions} more` }
      : null,
    executeBy !== null && outcome === null
      ? { label: 'Execute by', text: `${minute(executeBy)} (${leftUntil(executeBy, now)})` }
      : null,
    outcome && { label: 'Outcome', text: `${outcome.code}: ${outcome.message}` },
    outcome?.requestId ? { label: 'RequestId', text: outcome.requestId } : null,
    digest === null ? null : { label: 'Digest', text: `${digest}, round ${round}` },
    { label: 'Change', text: change.id },
  ];
  return facts
    .filter((fact) => fact !== null)
    .map(({ label, text }) => ({ label: shown(label, longestLabel), text: shown(text, longestText) }));
}

/** The plain members of what was read of the target. */
function readFacts(snapshot: JsonObject | null): Fact[] {
  const plain = (value: Json | undefined) =>
    typeof value === 'string' || typeof value === 'number' ? String(value) : null;
  return Object.entries(snapshot ?? {})
    .flatMap(([name, value]) => {
      const text = plain(value);
      return text === null ? [] : [{ label: `Read: ${name}`, text: cut(text, 200) }];
    })
    .slice(0, mostRead);
}

function decisionFact({ decision, person, comment }: Decision): Fact {
  const label = decision === 'approve' ? 'Approved by' : 'Rejected by';
  return {
    label,
    text: `${person.name} (${person.subject})${comment === '' ? '' : `: ${cut(comment, 300)}`}`,
  };
}

function seatsText({ stage, group, seats }: MissingSeats): string {
  return `${seats} of ${group === null ? 'the approvers' : `group ${group}`} (stage ${stage})`;
}

function endOf({ executionStatus, decisionStatus }: Change): string {
  // The code is that of the end, and may be one of the service's: the status alone tells.
  return words(executionStatus === 'not_started' ? decisionStatus : executionStatus);
}

function words(status: string): string {
  return status.replaceAll('_', ' ');
}

function minute(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')} UTC`;
}

/** How long it is until a moment, roughly. @param until - ISO 8601 */
export function leftUntil(until: string, now: number): string {
  const minutes = Math.floor((Date.parse(until) - now) / 60_000);
  if (minutes < 0) return 'over';
  if (minutes < 120) return `${minutes} min left`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h left` : `${Math.floor(minutes / 1440)} days left`;
}

/** Words of others on one line, with nothing in them that is not seen as itself. */
function shown(text: string, longest: number): string {
  return shownText(cut(text.replaceAll(/\s+/gu, ' ').trim(), longest));
}

function cut(text: string, longest: number): string {
  const characters = Array.from(text.slice(0, 2 * longest));
  return characters.length <= longest && text.length <= 2 * longest
    ? text
    : `${characters.slice(0, longest - 1).join('')}…`;
}
