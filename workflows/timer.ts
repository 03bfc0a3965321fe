import { CancellationScope, sleep } from '@temporalio/workflow';

/**
 * Makes the one timer of a run. Asked for a moment (ISO 8601), it starts, unless it runs for just that moment already, and
 * answers whether the moment has passed. It is left running when nobody waits any more: most changes end long before, and
 * starting and cancelling timers costs Temporal more than one that is never needed.
 */
export function makeTimer(): (moment: string) => { readonly passed: boolean } {
  let running: { readonly moment: string; readonly scope: CancellationScope; passed: boolean } | null = null;
  return (moment) => {
    if (running?.moment === moment) return running;
    running?.scope.cancel();
    const timer = { moment, scope: new CancellationScope(), passed: false };
    timer.scope
      .run(() => sleep(Math.max(1, Date.parse(moment) - Date.now())))
      .then(
        () => {
          timer.passed = true;
        },
        // Cancelled: somebody waits for another moment, or the run is cancelled, which its own wait tells of.
        () => undefined,
      );
    running = timer;
    return timer;
  };
}
