/** A signal for one waiter. It is not lost when it is set before the wait begins. */
export interface Wakeup {
  set(): void;
  /** Resolves once set, after `ms` milliseconds, or when `signal` aborts; the wakeup is then unset. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** A wakeup that is not set. */
export function makeWakeup(): Wakeup {
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
