import type { Attempt, Change } from './change.ts';
import type { ChangeEvent, Requested } from './change-event.ts';
import { changeOf, evolve } from './evolve.ts';
import type { PersonId } from './person.ts';

/** What the log tells of one change: everything that is kept of it beside the log. */
export interface Folded {
  readonly change: Change;
  readonly attempts: readonly Attempt[];
  /** The requester's Idempotency-Key; null where none was sent. */
  readonly key: (PersonId & { readonly key: string; readonly bodyDigest: string }) | null;
}

/**
 * A change as its events make it, in their order; null when the first does not ask for it.
 *
 * @throws TypeError for events that do not have the members of their types
 */
export function fold([first, ...others]: readonly ChangeEvent[]): Folded | null {
  if (first?.type !== 'change.requested') return null;
  const change = others.reduce(evolve, changeOf(first));
  return { change, attempts: attemptsOf(change, others), key: keyOf(first) };
}

function keyOf({ idempotency, actor }: Requested): Folded['key'] {
  if (idempotency === null) return null;
  const { issuer, subject } = actor as unknown as PersonId;
  return { issuer, subject, ...idempotency };
}

function attemptsOf(change: Change, events: readonly ChangeEvent[]): readonly Attempt[] {
  const attempts = new Map<number, Attempt>();
  for (const event of events) {
    if (event.type === 'attempt.started') {
      const { ordinal } = event.attempt;
      attempts.set(ordinal, openAttempt(change, ordinal, event.time));
    } else if (
      event.type === 'attempt.succeeded' ||
      event.type === 'attempt.failed' ||
      event.type === 'attempt.unknown'
    ) {
      const { ordinal } = event.attempt;
      const before = attempts.get(ordinal) ?? openAttempt(change, ordinal, event.time);
      const outcome = event.type.slice('attempt.'.length) as Attempt['outcome'];
      attempts.set(ordinal, { ...before, ...event.attempt, outcome, endedAt: event.time });
    }
  }
  return [...attempts.values()].sort((a, b) => a.ordinal - b.ordinal);
}

function openAttempt({ id, target }: Change, ordinal: number, startedAt: string): Attempt {
  return {
    ...{ changeId: id, ordinal, target: target.id, startedAt, sentAt: null, endedAt: null, outcome: 'open' },
    ...{ class: null, httpStatus: null, code: null, message: null, requestId: null },
  };
}
