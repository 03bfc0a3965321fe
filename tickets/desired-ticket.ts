import type { Change } from '../domain/change.ts';
import type { Said } from '../domain/change-event.ts';
import { phaseOf } from '../domain/lifecycle.ts';
import { attributedName } from '../domain/person.ts';
import { shownLines, shownText } from '../domain/shown-text.ts';
import type { TicketPhase } from '../domain/ticket-read.ts';
import { eventOf } from './event-of.ts';
import type { DeliveredEntry } from './sink.ts';
import type { NewTicket } from './ticket-system.ts';

/** What a ticket should be while its change is in a state. */
interface Desire {
  /** Null: it stays as it is. */
  readonly phase: TicketPhase | null;
  /** Whether a person may have ended the ticket, because what is left is theirs to do. */
  readonly orEnded: boolean;
}

const wants = (phase: TicketPhase | null, orEnded = false): Desire => ({ phase, orEnded });

/** Which state of a change is which of its ticket; docs/tickets.md has the same table. */
export const desireOf = {
  reading: wants('new'),
  deciding: wants('new'),
  scheduled: wants('in_progress'),
  running: wants('in_progress'),
  paused: wants('in_progress'),
  ending: wants(null),
  review_owed: wants('in_progress', true),
  succeeded: wants('done'),
  partially_succeeded: wants('done'),
  failed: wants('done'),
  outcome_unknown: wants('in_progress', true),
  cancelled: wants('cancelled'),
  not_started: wants('cancelled'),
} as const satisfies Readonly<Record<string, Desire>>;

/** The state of a change, as {@link desireOf} names it. */
export function stateOf(change: Change): keyof typeof desireOf {
  const phase = phaseOf(change);
  if (phase !== 'closed') return phase;
  if (change.reviewStatus === 'owed') return 'review_owed';
  const { executionStatus } = change;
  switch (executionStatus) {
    case 'succeeded':
    case 'partially_succeeded':
    case 'failed':
    case 'outcome_unknown':
    case 'cancelled':
    case 'not_started':
      return executionStatus;
    case 'scheduled':
    case 'running':
    case 'paused':
      // No change is closed like this; a person has to look.
      return 'outcome_unknown';
  }
}

/** What a system asks for when a ticket is closed. */
export function closeOf(change: Change): { readonly successful: boolean; readonly notes: string } {
  return { successful: change.executionStatus === 'succeeded', notes: outcomeLine(change) };
}

/** What a change's ticket is found again by. */
export function markOf(change: Pick<Change, 'id'>): string {
  return `countersign-${change.id}`;
}

/** The ticket of a change that names none. @param url - the change's page, or null */
export function newTicketOf(change: Change, url: string | null): NewTicket {
  const { operation, target, requester, justification, policy, decideBy, breakGlass, id } = change;
  const description = [
    `${shownText(attributedName(requester))} asks for ${shownText(operation)} on ${shownText(target.label)}.`,
    ...(breakGlass ? ['It is a break-glass change: it may run before everybody has approved.'] : []),
    '',
    'Why:',
    ...quoted(justification),
    '',
    `Target: ${shownText(target.id)}`,
    `Policy: ${shownText(policy.name)}, version ${shownText(policy.version)}`,
    `Decide by: ${decideBy}`,
    ...reference(id, url),
    '',
    'This ticket follows the change. Nothing that is done to it approves the change.',
  ];
  return {
    mark: markOf(change),
    summary: `${shownText(operation)}: ${shownText(target.label)}`,
    description: description.join('\n'),
  };
}

/** What is said on the ticket of each entry that people have to know of: each decision, and the outcome. */
export function commentsOf(
  change: Change,
  entries: readonly DeliveredEntry[],
  history: readonly DeliveredEntry[],
  url: string | null,
): { readonly mark: string; readonly text: string }[] {
  return entries.flatMap((entry) => {
    const lines = linesOf(change, entry, history);
    if (lines === null) return [];
    const text = [...lines, ...reference(change.id, url)].join('\n');
    return [{ mark: `${markOf(change)}-${entry.index}`, text }];
  });
}

function linesOf(
  change: Change,
  { index, body }: DeliveredEntry,
  history: readonly DeliveredEntry[],
): readonly string[] | null {
  const event = eventOf(body, change);
  switch (event?.type) {
    case 'decision.approved':
      return [`Approved by ${personIn(event)}, round ${event.round}.`, ...quoted(event.statement.comment)];
    case 'decision.rejected':
      return [`Rejected by ${personIn(event)}, round ${event.round}.`, ...quoted(event.statement.comment)];
    case 'decision.withdrawn':
      return [`${personIn(event)} took back their decision.`, ...quoted(event.statement.comment)];
    case 'decision.lapsed': {
      const people = event.lapsed.map(({ subject }) => shownText(subject)).join(', ');
      return people === '' ? null : [`No longer counts: the approval of ${people}.`];
    }
    case 'change.prechecked':
      return event.round < 2
        ? null
        : [`The target has changed, so approval is asked for again: round ${event.round}.`];
    case 'change.scheduled':
      return event.breakGlass ? ['Break-glass: it runs before everybody has approved.'] : null;
    case 'change.closed':
      return [
        outcomeLine({ ...change, ...event }),
        ...callLines(
          change,
          history.filter((one) => one.index <= index),
        ),
      ];
    case 'review.signed':
      return [`Reviewed by ${personIn(event)}.`, ...quoted(event.statement.comment)];
    default:
      return null;
  }
}

function outcomeLine({
  decisionStatus,
  executionStatus,
  outcome,
}: Pick<Change, 'decisionStatus' | 'executionStatus' | 'outcome'>): string {
  const became = executionStatus === 'not_started' ? decisionStatus : executionStatus;
  const message = outcome?.message ? `: ${shownText(outcome.message)}` : '';
  const why = outcome === null ? '.' : ` (${shownText(outcome.code)})${message}.`;
  const requestId = outcome?.requestId ? ` RequestId ${shownText(outcome.requestId)}.` : '';
  return `Outcome: ${became.replaceAll('_', ' ')}${why}${requestId}`;
}

const mostCalls = 20;

/** A line for each of the last calls, with its RequestId. */
function callLines(change: Change, history: readonly DeliveredEntry[]): string[] {
  const ends = history.flatMap(({ body }) => {
    const event = eventOf(body, change);
    switch (event?.type) {
      case 'attempt.succeeded':
      case 'attempt.failed':
      case 'attempt.unknown': {
        const { ordinal, code, requestId } = event.attempt;
        const how = event.type.slice('attempt.'.length);
        const what = code === null ? '' : `, ${shownText(code)}`;
        return [`Call ${ordinal}: ${how}${what}, RequestId ${shownText(requestId ?? 'none')}`];
      }
      default:
        return [];
    }
  });
  return ends.slice(-mostCalls);
}

function personIn({ statement }: Said): string {
  return shownText(statement.person.name);
}

/** What somebody said, so that no line of it can be taken for one of ours. */
function quoted(text: string): string[] {
  return text.trim() === '' ? [] : shownLines(text).map((line) => `> ${line}`);
}

function reference(id: string, url: string | null): string[] {
  return url === null ? [`Change: ${id}`] : [`Change: ${id}`, url];
}
