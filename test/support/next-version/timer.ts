import { CancellationScope, patched, sleep, upsertMemo } from '@temporalio/workflow';

/** What the next version might make of workflows/timer.ts: behind a patch, one more command before the timer. */
export function makeTimer(): (moment: string) => { readonly passed: boolean } {
  let running: { readonly moment: string; readonly scope: CancellationScope; passed: boolean } | null = null;
  return (moment) => {
    if (running?.moment === moment) return running;
    running?.scope.cancel();
    const timer = { moment, scope: new CancellationScope(), passed: false };
    timer.scope
      .run(() => {
        if (patched('memo-of-timer')) upsertMemo({ until: moment });
        return sleep(Math.max(1, Date.parse(moment) - Date.now()));
      })
      .then(
        () => {
          timer.passed = true;
        },
        () => undefined,
      );
    running = timer;
    return timer;
  };
}
