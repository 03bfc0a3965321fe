import { CancellationScope, condition } from '@temporalio/workflow';

/** What is asked of a change, one after another: each sees what the one before it has made durable. */
export interface RequestQueue {
  /** Whether nothing is waiting or being recorded. Nothing else is decided before. */
  isIdle(): boolean;
  /** Does some work once its turn has come. It is finished even where the workflow is cancelled meanwhile. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function makeRequestQueue(): RequestQueue {
  let waiting = 0;
  let isBusy = false;

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    waiting += 1;
    try {
      while (isBusy) await condition(() => !isBusy);
      isBusy = true;
      try {
        return await work();
      } finally {
        isBusy = false;
      }
    } finally {
      waiting -= 1;
    }
  }

  return {
    isIdle: () => waiting === 0,
    run: (work) => CancellationScope.nonCancellable(() => inTurn(work)),
  };
}
