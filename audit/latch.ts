/** Something to wait for that is not lost when it happens before the wait. */
export interface Latch {
  set(): void;
  /** Resolves once set, after `ms` milliseconds, or when `signal` aborts; the latch is then unset. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** An unset latch, for one waiter. */
export function makeLatch(): Latch {
  let isSet = false;
  let wake: (() => void) | undefined;
  return {
    set() {
      isSet = true;
      wake?.();
    },
    async wait(ms, signal) {
      if (!isSet && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const finish = (): void => {
            clearTimeout(timer);
            signal.removeEventListener('abort', finish);
            wake = undefined;
            resolve();
          };
          const timer = setTimeout(finish, ms);
          signal.addEventListener('abort', finish);
          wake = finish;
        });
      }
      isSet = false;
    },
  };
}
