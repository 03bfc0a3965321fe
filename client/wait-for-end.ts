import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeView } from '../api/change-view.ts';
import { CountersignError, httpStatusOfCode } from '../domain/error.ts';
import type { ApiClient } from './api-client.ts';

/** How often it is asked, and how long at most after answers that say "later"; ms. */
const everyMs = 2000;
const longestMs = 30_000;

/**
 * Asks for a change until it has ended, for as long as its policy lets it be open: days. An API that is away, busy or limits
 * requests is asked again.
 *
 * @param signal - ends the waiting, with its reason
 * @throws CountersignError for every other refusal, such as `unauthenticated` where the token has expired
 */
export async function waitForEnd(
  client: Pick<ApiClient, 'change'>,
  id: string,
  signal?: AbortSignal,
  sleep: (ms: number) => Promise<unknown> = (ms) => slept(ms, signal),
): Promise<ChangeView> {
  for (let wait = everyMs; ; await sleep(wait)) {
    signal?.throwIfAborted();
    try {
      const change = await client.change(id, signal);
      if (change.closedAt !== null) return change;
      wait = everyMs;
    } catch (error) {
      if (!isPassing(error)) throw error;
      wait = Math.min(wait * 2, longestMs);
    }
  }
}

async function slept(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, signal ? { signal } : {}).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
}

function isPassing(error: unknown): boolean {
  return error instanceof CountersignError && [429, 503].includes(httpStatusOfCode[error.code]);
}
