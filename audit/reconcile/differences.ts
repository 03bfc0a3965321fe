import { isoTime } from '../../domain/time.ts';
import type { LoggedAttempt } from './logged-attempts.ts';
import { principalText } from './trail-event.ts';
import type { TrailEvent } from './trail-event.ts';

/** What can differ between the trail and the log, and what that makes of the comparison. */
export const resultOfDifference = {
  /** A call of a gated operation that no attempt made: somebody went past. */
  call_not_logged: 'differs',
  /** An attempt with an answer that the trail does not have. */
  event_missing: 'differs',
  /** A call by somebody else than the worker. */
  other_principal: 'differs',
  /** A call in the session of another change. */
  other_change: 'differs',
  other_operation: 'differs',
  other_target: 'differs',
  /** The two tell of quite different times. */
  other_time: 'differs',
  /** One says that the call succeeded, the other that it failed. */
  other_outcome: 'differs',
  duplicate_request_id: 'differs',
  /** A call of that name of another service: whether it is the operation's, nobody has said. */
  other_service: 'incomplete',
  no_request_id: 'incomplete',
  /** The parameters of a call name no target, so the one that was approved cannot be compared. */
  no_target: 'incomplete',
} as const;

/** A kind of difference; see {@link resultOfDifference}. */
export type DifferenceKind = keyof typeof resultOfDifference;

/** One thing that differs. What its event or its attempt does not tell is null. */
export interface Difference {
  readonly kind: DifferenceKind;
  readonly message: string;
  /** ISO 8601: of the event, otherwise of the attempt. */
  readonly time: string;
  /** The event's name, otherwise the attempt's operation. */
  readonly call: string;
  readonly requestId: string | null;
  readonly principal: string | null;
  readonly sourceIpAddress: string | null;
  readonly changeId: string | null;
  readonly attempt: number | null;
}

/** Most differences that are listed; the others are counted. */
const mostListed = 100;

/** Differences as they come. */
export function collectDifferences() {
  const kept: Difference[] = [];
  const counts: Partial<Record<DifferenceKind, number>> = {};
  return {
    add(
      kind: DifferenceKind,
      message: string,
      { event, attempt }: { readonly event?: TrailEvent; readonly attempt?: LoggedAttempt },
    ): void {
      counts[kind] = (counts[kind] ?? 0) + 1;
      if (kept.length >= mostListed) return;
      kept.push({
        kind,
        message,
        time: isoTime(event?.time ?? attempt?.from ?? 0),
        call: event?.eventName ?? attempt?.operation ?? '',
        requestId: event?.requestId ?? attempt?.requestId ?? null,
        principal: event ? principalText(event.principal) : null,
        sourceIpAddress: event?.sourceIpAddress ?? null,
        changeId: attempt?.changeId ?? null,
        attempt: attempt?.ordinal ?? null,
      });
    },
    get kept(): readonly Difference[] {
      return kept;
    },
    get counts(): Readonly<Partial<Record<DifferenceKind, number>>> {
      return counts;
    },
    get result(): 'reconciled' | 'differs' | 'incomplete' {
      const results = (Object.keys(counts) as DifferenceKind[]).map((kind) => resultOfDifference[kind]);
      return results.includes('differs') ? 'differs' : results.length > 0 ? 'incomplete' : 'reconciled';
    },
  };
}
/** See {@link collectDifferences}. */
export type Differences = ReturnType<typeof collectDifferences>;
