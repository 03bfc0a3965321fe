import { Runtime } from '@temporalio/worker';

let installed = false;
const quiet = () => undefined;

/** Temporal's runtime of a test process: no signal handlers, no log of every worker's states. */
export function quietRuntime(): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    shutdownSignals: [],
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
}
