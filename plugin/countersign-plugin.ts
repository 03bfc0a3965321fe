import { fileURLToPath } from 'node:url';
import { SimplePlugin } from '@temporalio/plugin';
import type { ReplayWorkerOptions, WorkerOptions } from '@temporalio/worker';
import { makeLogActivities } from '../activities/log-activities.ts';
import { makeReviewActivities } from '../activities/review-activities.ts';
import { makeVendorActivities } from '../activities/vendor-activities.ts';
import { makeNoticeActivities } from '../activities/notice-activities.ts';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import { vendorTaskQueue } from '../workflows/messages.ts';

/** What {@link CountersignPlugin} is made from. */
export interface CountersignPluginOptions {
  /** Postgres, the vendor's client and the API's public keys. A client that only starts changes needs none. */
  readonly dependencies?: ActivityDependencies;
  /** Calls a second that Temporal may hand out from the vendor's task queue, on average; default 400. The limiter behind it is exact. */
  readonly callsPerSecond?: number;
}

/** Path of the workflows, for a host that bundles its own together with ours. */
export const workflowsPath = fileURLToPath(
  new URL(`../workflows/index${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

/**
 * Brings Countersign's workflows, activities and audit log to a Temporal worker. A worker on the task queue
 * `countersign` runs the workflows and the activities on Postgres; one on `countersign-onsmqtt` makes the vendor's calls.
 * A host's own `workflowsPath`, bundle, activities and data converter are kept.
 */
export class CountersignPlugin extends SimplePlugin {
  readonly #callsPerSecond: number;
  constructor(options: CountersignPluginOptions = {}) {
    const { dependencies, callsPerSecond = 400 } = options;
    super({
      name: 'countersign',
      ...(dependencies
        ? {
            activities: {
              ...makeLogActivities(dependencies),
              ...makeVendorActivities(dependencies),
              ...makeReviewActivities(dependencies),
              ...makeNoticeActivities(dependencies),
            },
          }
        : {}),
    });
    this.#callsPerSecond = callsPerSecond;
  }

  override configureWorker(options: WorkerOptions): WorkerOptions {
    if (options.taskQueue === vendorTaskQueue) {
      return super.configureWorker({ maxTaskQueueActivitiesPerSecond: this.#callsPerSecond, ...options });
    }
    return super.configureWorker(withWorkflows(options));
  }

  override configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    return super.configureReplayWorker(withWorkflows(options));
  }
}

function withWorkflows<T extends Pick<WorkerOptions, 'workflowsPath' | 'workflowBundle'>>(options: T): T {
  if (options.workflowsPath !== undefined || options.workflowBundle !== undefined) return options;
  return { ...options, workflowsPath };
}
