import type { EntryBody, EventType } from '../../domain/entry.ts';
import { numberOf, objectOf, stringOf } from '../verify/fields.ts';
import { isSentEnd } from '../verify/judge-attempts.ts';

/** An attempt as the log tells it; times in milliseconds since the epoch. */
export interface LoggedAttempt {
  readonly changeId: string;
  readonly ordinal: number;
  readonly operation: string;
  /** The target's id. */
  readonly target: string;
  /** When its call began; without a word of that, when the attempt did. */
  readonly from: number;
  /** When its answer was recorded; null while there is none. */
  readonly to: number | null;
  readonly outcome: 'open' | 'succeeded' | 'failed' | 'unknown';
  /** `throttled`, `permanent`, …; null while open or when it succeeded. */
  readonly class: string | null;
  readonly requestId: string | null;
}

/** The types of entries that tell of attempts; in this order, what is read type by type is understood as well. */
export const attemptTypes = [
  'attempt.started',
  'attempt.succeeded',
  'attempt.failed',
  'attempt.unknown',
] as const satisfies readonly EventType[];

/** Attempts from their entries. One that surely sent nothing is no attempt to call, and is left out. */
export function collectAttempts() {
  const attempts = new Map<string, LoggedAttempt>();
  return {
    add(body: EntryBody): void {
      const { type, changeId, operation, target } = body;
      if (!(attemptTypes as readonly string[]).includes(type) || changeId === null) return;
      const told = objectOf(body.attempt);
      const ordinal = numberOf(told['ordinal']);
      const key = `${changeId}/${ordinal}`;
      const time = Date.parse(body.time);
      const started: LoggedAttempt = attempts.get(key) ?? {
        ...{ changeId, ordinal, operation: operation ?? '', target: target ?? '' },
        ...{ from: time, to: null, outcome: 'open', class: null, requestId: null },
      };
      if (type === 'attempt.started') {
        attempts.set(key, started);
        return;
      }
      if (!isSentEnd(type, told)) {
        attempts.delete(key);
        return;
      }
      const sentAt = Date.parse(stringOf(told['sentAt']) ?? '');
      attempts.set(key, {
        ...started,
        from: Number.isNaN(sentAt) ? started.from : sentAt,
        to: time,
        outcome: type.slice('attempt.'.length) as LoggedAttempt['outcome'],
        class: stringOf(told['class']),
        requestId: stringOf(told['requestId']),
      });
    },
    /** All that were told of so far. */
    list: (): IterableIterator<LoggedAttempt> => attempts.values(),
  };
}
