import { collectDifferences } from './differences.ts';
import type { Differences } from './differences.ts';
import { judgeCall } from './judge-call.ts';
import type { Expected, GatedCall } from './judge-call.ts';
import type { LoggedAttempt } from './logged-attempts.ts';
import { principalText } from './trail-event.ts';
import type { TrailEvent } from './trail-event.ts';
import { makeUnanswered } from './unanswered.ts';

/** From when to when something tells everything; milliseconds since the epoch, both included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What is compared, and by what. */
export interface Comparison extends Expected {
  /** When the trail has every event. */
  readonly trail: Span;
  /** When the log has every attempt; null where it has those of one change alone. */
  readonly log: Span | null;
  readonly attempts: Iterable<LoggedAttempt>;
}

/** What came of comparing a trail with a log. */
export interface Compared extends Pick<Differences, 'kept' | 'counts' | 'result'> {
  readonly events: number;
  /** Events of gated operations. */
  readonly gated: number;
  /** Those of them that an attempt with their RequestId made. */
  readonly matched: number;
  /** Those that an attempt without an answer explains. */
  readonly explained: number;
  /** Those that were delivered again. */
  readonly repeated: number;
  /** Those of the trail's span that lie where the log does not tell everything. */
  readonly eventsNotJudged: number;
  /** Those that lie outside the trail's span. */
  readonly eventsOutside: number;
  /** Attempts that got an answer, and those that got none. */
  readonly answered: number;
  readonly unanswered: number;
  /** Answered ones without an event, where the trail does not tell everything. */
  readonly attemptsNotJudged: number;
  /** Answered ones without an event that the cloud had throttled or refused: it may not tell of these. */
  readonly refusedWithoutEvent: number;
  /** Attempts of operations of which nothing says how the trail tells them, by operation. */
  readonly notComparable: Readonly<Record<string, number>>;
  /** How many of the calls each principal made. */
  readonly principals: Readonly<Record<string, number>>;
}

/** How much the cloud's clock and this one may differ where a span begins or ends, or a call does, ms. */
export const clockEdge = 10_000;
/** Most RequestIds of unlogged calls, and most principals, that are told apart. */
const mostKept = 10_000;
/** What the gateway in front of the service can answer by itself: whether the trail tells of that is not documented. */
const mayGoUntold: ReadonlySet<string | null> = new Set(['throttled', 'permanent']);

interface Answered {
  readonly attempt: LoggedAttempt;
  /** The event that was found; null so far. */
  event: string | null;
}

/**
 * Compares the cloud's trail with the attempts of the log. Pure: events are given one by one and not kept, so memory grows
 * with the attempts alone.
 */
export function reconcile({ calls, principals, trail, log, attempts }: Comparison) {
  const differences = collectDifferences();
  const answered = new Map<string, Answered>();
  const unanswered = makeUnanswered(clockEdge);
  const comparable = new Set(calls.map(({ operation }) => operation));
  const unlogged = new Set<string>();
  const madeBy = new Map<string, number>();
  const notComparable: Record<string, number> = {};
  const n = {
    ...{ events: 0, gated: 0, matched: 0, explained: 0, repeated: 0 },
    ...{ eventsNotJudged: 0, eventsOutside: 0, unanswered: 0 },
  };

  for (const attempt of attempts) {
    const { operation, requestId } = attempt;
    if (!comparable.has(operation)) notComparable[operation] = (notComparable[operation] ?? 0) + 1;
    else if (requestId === null) {
      n.unanswered += 1;
      unanswered.add(attempt);
    } else if (answered.has(requestId)) {
      differences.add('duplicate_request_id', 'two attempts of the log have this RequestId', { attempt });
    } else answered.set(requestId, { attempt, event: null });
  }

  function judge(event: TrailEvent, attempt: LoggedAttempt): void {
    for (const [kind, message] of judgeCall(event, attempt, { calls, principals }))
      differences.add(kind, message, { event, attempt });
  }

  function isRepeated(known: Answered, event: TrailEvent): boolean {
    const print = printOf(event);
    if (known.event === null) {
      known.event = print;
      return false;
    }
    if (known.event === print) n.repeated += 1;
    else
      differences.add('duplicate_request_id', 'two different events of the trail have this RequestId', {
        event,
        attempt: known.attempt,
      });
    return true;
  }

  /** A call of a gated operation whose RequestId no attempt has. @param named - the operations that it can be of */
  function unknown(event: TrailEvent, requestId: string, named: readonly GatedCall[]): void {
    for (const { operation, targetOf } of named) {
      const attempt = unanswered.take(event, operation, targetOf(event));
      if (attempt === null) continue;
      n.explained += 1;
      answered.set(requestId, { attempt, event: printOf(event) });
      judge(event, attempt);
      return;
    }
    if (log === null || event.time < log.from || event.time > log.to) n.eventsNotJudged += 1;
    else if (unlogged.has(requestId)) n.repeated += 1;
    else {
      if (unlogged.size < mostKept) unlogged.add(requestId);
      const called = named[0]?.targetOf(event) ?? null;
      const what = called === null ? '' : `, for ${called}`;
      differences.add('call_not_logged', `no attempt of the log is this call${what}`, { event });
    }
  }

  return {
    event(event: TrailEvent): void {
      n.events += 1;
      const { requestId, eventName, serviceName } = event;
      const known = requestId === null ? undefined : answered.get(requestId);
      const named = calls.filter((call) => call.eventName === eventName);
      if (known === undefined && named.length === 0) return;
      n.gated += 1;
      if (known !== undefined && isRepeated(known, event)) return;
      const by = principalText(event.principal);
      if (madeBy.has(by) || madeBy.size < mostKept) madeBy.set(by, (madeBy.get(by) ?? 0) + 1);
      const ofService = named.filter((call) => isSameName(call.serviceName, serviceName));
      if (known !== undefined) {
        n.matched += 1;
        judge(event, known.attempt);
      } else if (event.time < trail.from || event.time > trail.to) n.eventsOutside += 1;
      else if (requestId === null) differences.add('no_request_id', 'the event has no requestId', { event });
      else if (ofService.length === 0) {
        const expected = named.map((call) => call.serviceName).join(' or ');
        const message = `a call of this name of the service ${serviceName}, where the operation says ${expected}`;
        differences.add('other_service', message, { event });
      } else unknown(event, requestId, ofService);
    },
    /** After the last event. */
    end(): Compared {
      let [attemptsNotJudged, refusedWithoutEvent] = [0, 0];
      for (const { attempt, event } of answered.values()) {
        if (event !== null) continue;
        const { from, to } = attempt;
        if (!isWithin(trail, from) || !isWithin(trail, to ?? from)) attemptsNotJudged += 1;
        else if (mayGoUntold.has(attempt.class)) refusedWithoutEvent += 1;
        else differences.add('event_missing', 'the trail has no event of this answer', { attempt });
      }
      return {
        ...n,
        answered: answered.size - n.explained,
        attemptsNotJudged,
        refusedWithoutEvent,
        notComparable,
        principals: Object.fromEntries([...madeBy].sort(([, a], [, b]) => b - a)),
        kept: differences.kept,
        counts: differences.counts,
        result:
          differences.result === 'reconciled' &&
          (n.matched + n.explained === 0 || n.eventsNotJudged > 0 || isApart(trail, log))
            ? 'incomplete'
            : differences.result,
      };
    },
  };
}

/** Whether a moment lies in a span, and not where two clocks could disagree about it. */
function isWithin({ from, to }: Span, time: number): boolean {
  return time >= from + clockEdge && time <= to - clockEdge;
}

/** Whether the log tells nothing of the time that was asked for. */
function isApart(trail: Span, log: Span | null): boolean {
  return log !== null && (trail.from >= log.to || trail.to <= log.from);
}

function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** What makes an event the same one, delivered again. */
function printOf({ eventId, time, eventName, principal }: TrailEvent): string {
  return `${eventId ?? ''} ${time} ${eventName} ${principalText(principal)}`;
}
