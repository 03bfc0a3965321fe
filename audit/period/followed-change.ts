import { channelOf } from '../../domain/channel.ts';
import type { Change } from '../../domain/change.ts';
import type { ChangeEvent } from '../../domain/change-event.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { changeOf, evolve } from '../../domain/evolve.ts';
import type { Person, PersonId } from '../../domain/person.ts';
import { objectOf, stringOf } from '../verify/fields.ts';
import type { ReportedChange } from './period-report.ts';

/** A change as far as its entries were read, with what a report says of it beside. */
export interface FollowedChange {
  readonly change: Change;
  readonly request: ReportedChange['request'];
  readonly host: string | null;
  /** When the last approval that the policy asked for was given, ms; null so far. */
  readonly approvedAt: number | null;
  /** Of each attempt that has one, by ordinal. */
  readonly requestIds: ReadonlyMap<number, string>;
}

/** A change at its first entry. */
export function beginChange(event: Extract<ChangeEvent, { type: 'change.requested' }>): FollowedChange {
  const { type, workflowId } = event.host ?? {};
  const host = event.host ? `${stringOf(type) ?? ''} ${stringOf(workflowId) ?? ''}` : null;
  return {
    change: changeOf(event),
    request: host !== null ? 'vouched' : event.signature ? 'signed' : 'unsigned',
    host,
    approvedAt: null,
    requestIds: new Map(),
  };
}

/** The change after one more event. */
export function followChange(before: FollowedChange, event: ChangeEvent, body: EntryBody): FollowedChange {
  const change = evolve(before.change, event);
  const { ordinal, requestId } = objectOf(body.attempt);
  const answered = typeof ordinal === 'number' && typeof requestId === 'string';
  const approvals = change.decisions.filter(({ decision, counts }) => counts && decision === 'approve');
  const isNow = event.type === 'change.scheduled' && approvals.length > 0;
  return {
    ...before,
    change,
    approvedAt: isNow ? Math.max(...approvals.map(({ at }) => Date.parse(at))) : before.approvedAt,
    requestIds: answered ? new Map([...before.requestIds, [ordinal, requestId]]) : before.requestIds,
  };
}

/** What a report says of a change. */
export function reportedChange({ change, request, host, requestIds }: FollowedChange): ReportedChange {
  const { ticket, outcome, review, target, policy, calls } = change;
  return {
    id: change.id,
    submittedAt: change.submittedAt,
    operation: change.operation,
    target: target.id,
    label: target.label,
    requester: named(change.requester),
    request,
    host,
    decisions: change.decisions
      .filter(({ counts }) => counts)
      .map(({ person, decision, at }) => ({
        person: named(person),
        decision,
        at,
        channel: channelOf(person),
      })),
    decisionStatus: change.decisionStatus,
    executionStatus: change.executionStatus,
    reviewStatus: change.reviewStatus,
    outcome: outcome?.code ?? null,
    reconciled: outcome?.reconciled === true,
    requestIds: [...requestIds].sort(([a], [b]) => a - b).map(([, id]) => id),
    attempts: calls.started,
    closedAt: change.closedAt,
    ticket: ticket && `${ticket.system}:${ticket.id}`,
    breakGlass: change.breakGlass,
    review: review && { person: named(review.person), at: review.at },
    policy: `${policy.name} version ${policy.version}`,
  };
}

function named({ issuer, subject, name }: PersonId & Partial<Pick<Person, 'name'>>) {
  return { issuer, subject, name: name ?? subject };
}
