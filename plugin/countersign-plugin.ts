import { fileURLToPath } from 'node:url';
import { SimplePlugin } from '@temporalio/plugin';
import type { ReplayWorkerOptions, WorkerOptions } from '@temporalio/worker';
import { makeLogActivities } from '../activities/log-activities.ts';
import { makeReviewActivities } from '../activities/review-activities.ts';
import { makeOperationActivities } from '../activities/operation-activities.ts';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import { CountersignError } from '../domain/error.ts';
import type { Implementation } from '../operations/implement.ts';
import type { Operation } from '../operations/operation.ts';
import { driverActivities } from './driver-activities.ts';
import { gateServiceHandler } from './gate-service.ts';
import { plainForChanges } from './plain-for-changes.ts';
import { readable } from './readable.ts';
import { changeTaskQueue, vendorTaskQueue } from '../workflows/messages.ts';

/** What {@link CountersignPlugin} is made from. */
export interface CountersignPluginOptions {
  /** Postgres, the vendor's client and the API's public keys. A client that only starts changes needs none. */
  readonly dependencies?: ActivityDependencies;
  /**
   * Operations that workers of yours carry out: what `implement` makes of definitions with a `taskQueue`. A worker on that
   * queue gets an activity that reads and one that calls for each; whatever else it has stays as it is.
   */
  readonly operations?: readonly Implementation[];
  /**
   * Whether workers on `countersign` serve the gate as a Nexus service, for hosts of other namespaces; default no. The worker
   * has to be allowed to read the workflows of those.
   */
  readonly nexus?: boolean;
  /** Calls a second that Temporal may hand out from the vendor's task queue, on average; default 400. The limiter behind it is exact. */
  readonly callsPerSecond?: number;
}

/** Path of the workflows, for bundling them ahead (`bundleWorkflowCode({ workflowsPath })`). */
export const workflowsPath = fileURLToPath(
  new URL(`../workflows/index${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

/**
 * Brings Countersign's workflows, activities and audit log to a Temporal worker. A worker on the task queue
 * `countersign` runs the workflows and the activities on Postgres; one on `countersign-onsmqtt` makes the vendor's calls.
 * A worker on the task queue of an operation that it implements reads and calls for it. A worker that has something of its own and another task queue is left as it is: what it gates runs on those two. May be
 * given to connection and worker at once.
 *
 * @throws CountersignError `invalid_configuration`, from `Worker.create`, where a worker on one of the two has an activity of its own
 * under a name of ours, or other workflows on `countersign`
 */
export class CountersignPlugin extends SimplePlugin {
  readonly #operations: readonly Implementation[];
  readonly #callsPerSecond: number;
  readonly #nexus: boolean;
  readonly #activities: object;
  constructor(options: CountersignPluginOptions = {}) {
    const { dependencies, callsPerSecond = 400, operations = [], nexus = false } = options;
    for (const { operation } of operations) assertQueue(operation);
    const activities = dependencies ? activitiesOf(dependencies) : {};
    super({ name: 'countersign', activities });
    this.#operations = operations;
    this.#callsPerSecond = callsPerSecond;
    this.#nexus = nexus;
    this.#activities = activities;
  }

  override configureWorker(options: WorkerOptions): WorkerOptions {
    const ofChanges = options.taskQueue === changeTaskQueue;
    const ofVendor = options.taskQueue === vendorTaskQueue;
    const drivers = this.#operations.filter(({ operation }) => operation.taskQueue === options.taskQueue);
    if (drivers.length > 0) return withDrivers(options, drivers);
    if (!ofChanges && !ofVendor && hasItsOwn(options)) return options;
    for (const [name, activity] of Object.entries(options.activities ?? {})) {
      const ours: unknown = (this.#activities as Record<string, unknown>)[name];
      if (ours !== undefined && ours !== activity)
        throw wrong('activities', `${name} is one of Countersign’s`);
    }
    if (ofChanges && (options.workflowsPath ?? workflowsPath) !== workflowsPath) {
      throw wrong('workflowsPath', `workflows of your own need another task queue than ${changeTaskQueue}`);
    }
    const configured = super.configureWorker(
      withReadable(
        ofVendor
          ? { maxTaskQueueActivitiesPerSecond: this.#callsPerSecond, ...options }
          : withWorkflows(this.#nexus && ofChanges ? withGateService(options) : options),
      ),
    );
    if ((ofChanges || ofVendor) && Object.keys(configured.activities ?? {}).length === 0) {
      throw wrong('dependencies', `a worker on ${options.taskQueue} needs them`);
    }
    return configured;
  }

  override configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    return super.configureReplayWorker(withReadable(withWorkflows(options)));
  }
}

/** The worker's own, with the activities of the operations; what Countersign says to those passes its codecs by. */
function withDrivers(options: WorkerOptions, drivers: readonly Implementation[]): WorkerOptions {
  const { dataConverter, activities = {} } = options;
  const added = Object.assign({}, ...drivers.map(driverActivities)) as Record<string, object>;
  for (const name of Object.keys(added)) {
    const known = (activities as Record<string, object | undefined>)[name];
    // Connection and worker may both have this plugin.
    if (known !== undefined && !made.has(known)) throw wrong('activities', `${name} is one of Countersign’s`);
  }
  for (const activity of Object.values(added)) made.add(activity);
  const codecs = dataConverter?.payloadCodecs?.map((codec) => plainForChanges(codec));
  return {
    ...options,
    activities: { ...activities, ...added },
    ...(codecs ? { dataConverter: { ...dataConverter, payloadCodecs: codecs } } : {}),
  };
}

/** Activities that this plugin has made. */
const made = new WeakSet<object>();

function assertQueue({ name, taskQueue }: Operation): void {
  if (taskQueue !== undefined && taskQueue !== changeTaskQueue && taskQueue !== vendorTaskQueue) return;
  throw wrong('operations', `${name}: expected a definition with a taskQueue of your own`);
}

function activitiesOf(dependencies: ActivityDependencies): object {
  const others = {
    ...makeLogActivities(dependencies),
    ...makeReviewActivities(dependencies),
  };
  return { ...others, ...makeOperationActivities(dependencies, Object.keys(others)) };
}

function hasItsOwn({ workflowsPath, workflowBundle, activities, nexusServices }: WorkerOptions): boolean {
  return [workflowsPath, workflowBundle, activities, nexusServices].some((own) => own !== undefined);
}

function withWorkflows<T extends Pick<WorkerOptions, 'workflowsPath' | 'workflowBundle'>>(options: T): T {
  if (options.workflowsPath !== undefined || options.workflowBundle !== undefined) return options;
  return { ...options, workflowsPath };
}

/** Connection and worker may both have this plugin. */
function withGateService(options: WorkerOptions): WorkerOptions {
  const { nexusServices = [] } = options;
  if (nexusServices.includes(gateServiceHandler)) return options;
  return { ...options, nexusServices: [...nexusServices, gateServiceHandler] };
}

/** Innermost, so that a codec of the worker's own comes between it and Temporal. */
function withReadable<T extends Pick<WorkerOptions, 'dataConverter'>>(options: T): T {
  const { dataConverter } = options;
  const codecs = dataConverter?.payloadCodecs ?? [];
  if (codecs.includes(readable)) return options;
  return { ...options, dataConverter: { ...dataConverter, payloadCodecs: [readable, ...codecs] } };
}

function wrong(field: string, message: string): CountersignError {
  return new CountersignError('invalid_configuration', `${field}: ${message}`, {
    errors: [{ field, rule: 'host', message }],
  });
}
