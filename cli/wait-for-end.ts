import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeView } from '../api/view.ts';
import { CountersignError, httpStatusOfCode } from '../domain/error.ts';
import type { ApiClient } from './api-client.ts';

/** The exit codes of a command that waits for a change's end, so that a pipeline can tell what to do next. */
export const exitCodesOfEnd = {
  succeeded: 0,
  /** Rejected, expired, withdrawn or refused: nothing was called. */
  notApproved: 10,
  /** Approved, and it has no effect: cancelled before its call, or the call failed for good. */
  notExecuted: 11,
  /** Nobody knows whether it took effect, or only a part of it did. */
  outcomeUnknown: 12,
} as const;

/** The exit code for a change that has ended. */
export function exitCodeOfEnd({
  decisionStatus,
  executionStatus,
}: Pick<ChangeView, 'decisionStatus' | 'executionStatus'>): number {
  if (executionStatus === 'succeeded') return exitCodesOfEnd.succeeded;
  if (executionStatus === 'outcome_unknown' || executionStatus === 'partially_succeeded')
    return exitCodesOfEnd.outcomeUnknown;
  return decisionStatus === 'approved' ? exitCodesOfEnd.notExecuted : exitCodesOfEnd.notApproved;
}

/** How often it is asked, and how long at most after answers that say "later"; ms. */
const everyMs = 2000;
const longestMs = 30_000;

/**
 * Asks for a change until it has ended, for as long as its policy lets it be open: days. An API that is away, busy or limits
 * requests is asked again.
 *
 * @throws CountersignError for every other refusal, such as `unauthenticated` where the token has expired
 */
export async function waitForEnd(
  client: Pick<ApiClient, 'change'>,
  id: string,
  sleep: (ms: number) => Promise<unknown> = delay,
): Promise<ChangeView> {
  for (let wait = everyMs; ; await sleep(wait)) {
    try {
      const change = await client.change(id);
      if (change.closedAt !== null) return change;
      wait = everyMs;
    } catch (error) {
      if (!isPassing(error)) throw error;
      wait = Math.min(wait * 2, longestMs);
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof CountersignError && [429, 503].includes(httpStatusOfCode[error.code]);
}
