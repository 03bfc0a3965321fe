import type { Change, SignedRequest } from './change.ts';
import { refusalOfEvent, saidMembers } from './change-event.ts';
import type { AttemptEnd, ChangeEvent, Lapsed, Said, StopCode } from './change-event.ts';
import type { Block } from './block.ts';
import { decisionOutcome, judgeDecision, refusalToTakeBack } from './decision.ts';
import type { WantedDecision } from './decision.ts';
import { workerActor } from './entry.ts';
import { CountersignError, isRefused } from './error.ts';
import type { Judged } from './error.ts';
import { evolve } from './evolve.ts';
import type { End } from './end.ts';
import type { JsonObject } from './json.ts';
import { mayHappen, nextPhases, phaseOf, transitions } from './lifecycle.ts';
import type { Transitions } from './lifecycle.ts';
import type { Reevaluation } from './reevaluation.ts';
import { judgeReview } from './review.ts';
import { scheduling } from './scheduling.ts';
import type { SaidOf } from './statement.ts';
import type { Person } from './person.ts';
import { judgeHeardWord, judgeWord, mayBeCancelled, wordOf } from './stop.ts';
import type { Word } from './stop.ts';
import { isoTime } from './time.ts';
import { toldSeats } from './told-seats.ts';

/** What somebody, or the service itself, wants of a change. */
export type Command =
  /** What a person said, with the API's signature on it. */
  | { readonly kind: 'request'; readonly request: SignedRequest }
  /** The target was read: a round of decisions begins. */
  | {
      readonly kind: 'show';
      readonly snapshot: JsonObject | null;
      readonly digest: string;
      readonly readRequestId: string | null;
      readonly warning: { readonly code: string; readonly message: string } | null;
    }
  /** The target makes the change pointless, or cannot be read for good. */
  | {
      readonly kind: 'refuse';
      readonly code: string;
      readonly message: string;
      readonly requestId: string | null;
      readonly snapshot: JsonObject | null;
    }
  /** Its policy approves it without a person, if it does. */
  | { readonly kind: 'approve_by_rule' }
  /** Those who are still missing are reminded. */
  | { readonly kind: 'remind' }
  /** The escalation group is asked, too; in a later round once more. */
  | { readonly kind: 'escalate' }
  /** Decide-by has passed. */
  | { readonly kind: 'expire' }
  /** Approvers have lost their right. */
  | { readonly kind: 'lapse'; readonly reevaluation: Pick<Reevaluation, 'lapsed' | 'narrowed' | 'missing'> }
  /** The target is not as it was approved. `called`: whether a call may have been made. */
  | { readonly kind: 'drift'; readonly message: string; readonly called: boolean }
  /** Something keeps the call from running now. */
  | { readonly kind: 'hold'; readonly why: Block; readonly called: boolean }
  /** The log has a pause that the workflow takes to be over. */
  | { readonly kind: 'rest' }
  /** The workflow was cancelled, with the host that asked for the change or by hand. */
  | {
      readonly kind: 'cancel';
      readonly code: 'host_cancelled' | 'workflow_cancelled';
      readonly host: JsonObject | null;
    }
  /** An attempt of the call begins. */
  | { readonly kind: 'begin'; readonly ordinal: number }
  /** An attempt has ended. */
  | {
      readonly kind: 'answer';
      readonly outcome: 'succeeded' | 'failed' | 'unknown';
      readonly attempt: AttemptEnd;
      /** What the call answered beside its success, where the operation describes it. */
      readonly output?: JsonObject | null;
    }
  /** The change ends. */
  | { readonly kind: 'close'; readonly end: End; readonly part?: 'reconciler' };

/** What is known beside the state. */
export interface Facts {
  /** Milliseconds since the epoch: when it came, or happened. */
  readonly now: number;
  /** Whether a call may have been made, where the state does not know of it yet. */
  readonly called?: boolean;
}

/** The events that a command makes, in their order, or why it makes none. No event: it has been said, or is overtaken. */
export type Verdict = { readonly events: readonly ChangeEvent[] } | { readonly refusal: CountersignError };

/**
 * What a command makes of a change: the one place that says so, for the workflow, for whoever writes beside it, and for
 * the API, which asks before it bothers them.
 *
 * @param table - what may follow what; another than ours for a test that it is found wrong
 */
export function decide(
  change: Change,
  command: Command,
  facts: Facts,
  table: Transitions = transitions,
): Verdict {
  const made = eventsOf(change, command, facts, table);
  if (isRefused(made)) return { refusal: made };
  const events = withSchedule(change, command, made, facts);
  const refusal = illegalIn(change, events, table);
  return refusal ? { refusal } : { events };
}

const nothing: readonly ChangeEvent[] = [];

function eventsOf(
  change: Change,
  command: Command,
  { now, called = false }: Facts,
  table: Transitions,
): Judged<readonly ChangeEvent[]> {
  const phase = phaseOf(change);
  const told = { time: isoTime(now), actor: workerActor };
  const isCalled = called || change.calls.called;
  switch (command.kind) {
    case 'request':
      return eventsOfRequest(change, command.request, { now, called: isCalled });
    case 'show': {
      if (phase !== 'reading') return nothing;
      const { kind: _, ...read } = command;
      return [{ type: 'change.prechecked', ...told, ...read, round: change.round + 1 }];
    }
    case 'refuse': {
      if (phase !== 'reading') return nothing;
      const { kind: _, ...why } = command;
      return [{ type: 'change.refused', ...told, ...why }];
    }
    case 'approve_by_rule':
      // The event itself comes with whatever has decided the change.
      return nothing;
    case 'remind':
      if (!mayHappen('change.reminded', phase, table)) return nothing;
      return [{ type: 'change.reminded', ...told, missing: toldSeats(change.missing) }];
    case 'escalate':
      return mayHappen('change.escalated', phase, table) ? [escalated(change, now)] : nothing;
    case 'expire':
      if (!mayHappen('change.expired', phase, table)) return nothing;
      return [{ type: 'change.expired', ...told, decideBy: change.decideBy }];
    case 'lapse': {
      if (!mayHappen('decision.lapsed', phase, table)) return nothing;
      const event = lapse(change, command.reevaluation, told);
      // A reject may come to count by it, and then nobody is asked any more.
      const isAsking = phaseOf(evolve(change, event)) === 'deciding';
      return isAsking && change.policy.escalation !== null ? [event, escalated(change, now)] : [event];
    }
    case 'drift':
      if (!mayHappen('change.drifted', phase, table)) return nothing;
      return [{ type: 'change.drifted', ...told, message: command.message, called: command.called }];
    case 'hold':
      if (!mayHappen('change.held', phase, table)) return nothing;
      return [{ type: 'change.held', ...told, held: { ...command.why }, called: command.called }];
    case 'rest':
      if (phase !== 'scheduled' && phase !== 'running') return nothing;
      return [{ type: 'change.paused', ...told, code: 'stop_word_stands' }];
    case 'cancel': {
      if (!mayBeCancelled(change, change.standing)) return nothing;
      const { code, host } = command;
      const type = isCalled ? 'change.abandoned' : 'change.withdrawn';
      return [{ type, ...told, code, ...(host ? { host } : {}) }];
    }
    case 'begin':
      if (!mayHappen('attempt.started', phase, table) || change.standing !== 'going') {
        return new CountersignError('not_approved', `no call begins while the change is ${phase}`);
      }
      if (change.calls.succeeded)
        return new CountersignError('call_started', 'the call has succeeded before');
      // The next one reads first what has become of it.
      if (change.calls.open.length > 0)
        return new CountersignError('call_started', `attempt ${change.calls.open[0]} has not ended yet`);
      return [{ type: 'attempt.started', ...told, attempt: { ordinal: command.ordinal } }];
    case 'answer':
      return [
        {
          ...{ type: `attempt.${command.outcome}`, ...told, attempt: command.attempt },
          ...(command.output ? { output: command.output } : {}),
        },
      ];
    case 'close':
      return closing(change, command, now);
  }
}

function eventsOfRequest(
  change: Change,
  request: SignedRequest,
  { now, called }: { readonly now: number; readonly called: boolean },
): Judged<readonly ChangeEvent[]> {
  const { signed, source } = request;
  const { statement } = signed;
  if (statement.changeId !== change.id) {
    return new CountersignError('invalid_request', `not a ${statement.kind} of this change`);
  }
  const told = {
    time: isoTime(now),
    ...saidMembers(signed, source),
  };
  switch (statement.kind) {
    case 'decision': {
      const wanted = wantedBy(statement, statement.person);
      const judged = judgeDecision(change, wanted, now);
      if (isRefused(judged)) return judged;
      if (judged === 'repeated') return nothing;
      const type = wanted.decision === 'approve' ? 'decision.approved' : 'decision.rejected';
      const { round, input, snapshot } = change;
      return [{ type, ...told, round, input, snapshot }];
    }
    case 'decision_withdrawal':
      return refusalToTakeBack(change, statement.person, now) ?? [{ type: 'decision.withdrawn', ...told }];
    case 'review': {
      const judged = judgeReview(change, statement.person);
      if (isRefused(judged)) return judged;
      return judged === 'repeated' ? nothing : [{ type: 'review.signed', ...told }];
    }
    case 'submission':
      return new CountersignError('invalid_request', 'a submission starts a change');
    default:
      return eventsOfWord(change, request, told, called);
  }
}

/** What a person said, when and by whom it was heard. */
interface SaidOnce extends Said {
  readonly time: string;
  readonly actor: JsonObject;
  readonly ordinal?: number;
}

function eventsOfWord(
  change: Change,
  { signed: { statement }, ordinal }: SignedRequest,
  told: SaidOnce,
  called: boolean,
): Judged<readonly ChangeEvent[]> {
  // Delivered before: by an update and by a signal, or by an API that did not know of it.
  if (ordinal !== undefined && ordinal <= change.stopWords) return nothing;
  const word = wordOf(statement);
  if (word === null) return new CountersignError('invalid_request', `${statement.action} is no word to stop`);
  const { standing } = change;
  const judged =
    ordinal === undefined
      ? judgeWord({ change, standing, called }, word, statement.person)
      : // Whoever wrote it down asked the rule, while nothing could begin.
        judgeHeardWord(change, standing, word);
  if (isRefused(judged)) return judged;
  const members = { ...told, ...(ordinal === undefined ? {} : { ordinal }) };
  return [eventOfWord(word, members, called)];
}

function eventOfWord(word: Word, told: SaidOnce, called: boolean): ChangeEvent {
  const revoked: StopCode = 'policy_revoked';
  switch (word) {
    case 'withdraw':
      return { type: 'change.withdrawn', ...told };
    case 'take_over':
      return { type: 'change.withdrawn', ...told, code: 'taken_over' };
    case 'revoke':
      // A call that may have started is not made again, and what the target shows decides.
      return called
        ? { type: 'change.abandoned', ...told, code: revoked }
        : { type: 'change.refused', ...told, code: revoked };
    case 'pause':
      return { type: 'change.paused', ...told };
    case 'resume':
      return { type: 'change.resumed', ...told };
    case 'retry':
      return { type: 'change.retried', ...told };
    case 'abandon':
      return { type: 'change.abandoned', ...told };
  }
}

/** The decision that somebody wants to make by what they say. */
export function wantedBy(
  { action, comment, digest, directory }: SaidOf<'decision'>,
  person: Person,
): WantedDecision {
  return { decision: action, digest: digest ?? '', person, comment, ...(directory ? { directory } : {}) };
}

function lapse(
  change: Change,
  { lapsed, narrowed, missing }: Extract<Command, { kind: 'lapse' }>['reevaluation'],
  told: Pick<Lapsed, 'time' | 'actor'>,
): Lapsed {
  const type = 'decision.lapsed';
  const event: Lapsed = { type, ...told, lapsed, narrowed, missing: toldSeats(missing) };
  if (refusalOfEvent(change, event) === null) return event;
  // Nobody may keep a right because the entry has no room to take it away: people are asked anew.
  const all: Lapsed = { type, ...told, lapsed: [], narrowed: [], missing: [], all: true };
  return { ...all, missing: toldSeats(evolve(change, all).missing) };
}

function escalated(change: Change, now: number): ChangeEvent {
  const group = change.policy.escalation?.group ?? null;
  return {
    type: 'change.escalated',
    time: isoTime(now),
    actor: workerActor,
    group,
    // Its members have their right since they were first asked.
    escalatedAt: change.escalatedAt ?? isoTime(now),
  };
}

function closing(
  change: Change,
  { end, part }: Extract<Command, { kind: 'close' }>,
  now: number,
): Judged<readonly ChangeEvent[]> {
  if (change.closedAt !== null) return new CountersignError('change_closed', 'the change has ended');
  const time = isoTime(now);
  const actor = part === undefined ? workerActor : { ...workerActor, part };
  const { decisionStatus = change.decisionStatus, executionStatus = change.executionStatus } = end;
  const outcome = { requestId: null, reconciled: false, ...end.outcome, at: time };
  const closed = { type: 'change.closed', time, actor, decisionStatus, executionStatus, outcome } as const;
  if (!outcome.reconciled) return [closed];
  return [{ type: 'change.reconciled', time, actor, requestId: outcome.requestId }, closed];
}

/** The events, and that the change is scheduled, where they or its policy alone approve it. */
function withSchedule(
  change: Change,
  { kind }: Command,
  events: readonly ChangeEvent[],
  { now }: Facts,
): readonly ChangeEvent[] {
  // The clock of an approval is the workflow's: what is only shown now, it schedules by a command of its own.
  if (kind === 'show' || kind === 'answer') return events;
  const after = events.reduce(evolve, change);
  if (phaseOf(after) !== 'deciding' || decisionOutcome(after) !== 'approved') return events;
  const time = isoTime(now);
  return [...events, { type: 'change.scheduled', time, actor: workerActor, ...scheduling(after, now) }];
}

/** What the table of transitions does not have is a defect of a rule here. */
function illegalIn(
  change: Change,
  events: readonly ChangeEvent[],
  table: Transitions,
): CountersignError | null {
  let before = change;
  for (const event of events) {
    const after = evolve(before, event);
    const [from, to] = [phaseOf(before), phaseOf(after)];
    if (!nextPhases(event.type, from, table).includes(to)) {
      return new CountersignError('internal_error', `${event.type} leads from ${from} to ${to}`);
    }
    before = after;
  }
  return null;
}
