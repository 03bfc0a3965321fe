import type { LoggedAttempt } from './logged-attempts.ts';
import { changeOfSession } from './trail-event.ts';
import type { TrailEvent } from './trail-event.ts';

/**
 * Attempts whose answer never came, so that the log has no RequestId of theirs: each explains one call of its operation on
 * its target while it was under way, by its own session where calls have sessions.
 *
 * @param edge - how much earlier and later the cloud's clock may tell of it, ms
 */
export function makeUnanswered(edge: number) {
  const byTarget = new Map<string, LoggedAttempt[]>();
  const keyOf = (operation: string, target: string) => `${operation} ${target}`;
  return {
    add(attempt: LoggedAttempt): void {
      const key = keyOf(attempt.operation, attempt.target);
      const others = byTarget.get(key);
      if (others) others.push(attempt);
      else byTarget.set(key, [attempt]);
    },
    /** The attempt that explains a call, which explains no other one; null where there is none. */
    take(event: TrailEvent, operation: string, target: string | null): LoggedAttempt | null {
      const session = changeOfSession(event.principal);
      const candidates = byTarget.get(keyOf(operation, target ?? ''));
      const at = (candidates ?? []).findIndex(
        ({ changeId, from, to }) =>
          (session === null || session === changeId) &&
          event.time >= from - edge &&
          event.time <= (to ?? Infinity) + edge,
      );
      return at < 0 ? null : (candidates?.splice(at, 1)[0] ?? null);
    },
  };
}
