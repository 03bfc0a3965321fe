import { CancellationScope, sleep } from '@temporalio/workflow';

/** Longest timer, ms. Most changes are decided and called within a day. */
const longestMs = 86_400_000;

/**
 * As `makeTimer`, with fewer timers: one that fires no later than the moment that is asked for is left running, and another is
 * started when it has fired. None is longer than a day, so the one that runs until people have decided does for the call as well,
 * which usually may come within a day of their approval. Whoever lets a change wait pays with a timer a day.
 */
export function makeSparingTimer(): (moment: string) => { readonly passed: boolean } {
  let asked: { readonly at: number; passed: boolean } | null = null;
  let running: { readonly firesAt: number; readonly scope: CancellationScope } | null = null;

  function startFor(at: number): void {
    const ms = Math.min(Math.max(1, at - Date.now()), longestMs);
    const scope = new CancellationScope();
    running = { firesAt: Date.now() + ms, scope };
    scope
      .run(() => sleep(ms))
      .then(
        () => fired(),
        // Cancelled: somebody waits for an earlier moment, or the run is cancelled, which its own wait tells of.
        () => undefined,
      );
  }

  function fired(): void {
    running = null;
    if (asked === null) return;
    if (Date.now() < asked.at) startFor(asked.at);
    else asked.passed = true;
  }

  return (moment) => {
    const at = Date.parse(moment);
    if (asked?.at === at) return asked;
    asked = { at, passed: false };
    if (running !== null && running.firesAt > at) {
      running.scope.cancel();
      running = null;
    }
    if (running === null) startFor(at);
    return asked;
  };
}
