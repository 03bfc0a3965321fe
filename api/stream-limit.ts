import { CountersignError } from '../domain/error.ts';
import type { PersonId } from '../domain/person.ts';

/** How many event streams each person has open at this process. */
export interface StreamLimit {
  /**
   * Counts one more.
   *
   * @returns ends its counting; called again it does nothing
   * @throws CountersignError `rate_limited` with `retryAfter`, s
   */
  opened(by: PersonId): () => void;
}

/** Streams are held as long as their readers like: without a limit one person could take every connection of a process. */
export function makeStreamLimit(most: number): StreamLimit {
  const open = new Map<string, number>();
  return {
    opened({ issuer, subject }) {
      const key = JSON.stringify([issuer, subject]);
      const before = open.get(key) ?? 0;
      if (before >= most) {
        throw new CountersignError('rate_limited', `${most} event streams are open already; close one`, {
          extra: { retryAfter: 15 },
        });
      }
      open.set(key, before + 1);
      let isCounted = true;
      return () => {
        if (!isCounted) return;
        isCounted = false;
        const left = (open.get(key) ?? 1) - 1;
        if (left === 0) open.delete(key);
        else open.set(key, left);
      };
    },
  };
}
