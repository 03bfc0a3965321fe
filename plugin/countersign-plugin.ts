import { fileURLToPath } from 'node:url';
import { SimplePlugin } from '@temporalio/plugin';
import type { PayloadCodec } from '@temporalio/common';
import type { BundleOptions, ReplayWorkerOptions, WorkerOptions } from '@temporalio/worker';
import { makeLogActivities } from '../activities/log-activities.ts';
import { makeReviewActivities } from '../activities/review-activities.ts';
import { makeOperationActivities } from '../activities/operation-activities.ts';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import { tellingAbsence } from '../activities/telling-absence.ts';
import { assertOwnFailures, failureConverterPath, withCodec } from '../codec/data-converter.ts';
import type { PayloadOptions } from '../codec/data-converter.ts';
import { payloadCodec } from '../codec/payload-codec.ts';
import { workerCodec } from '../codec/worker-codec.ts';
import { CountersignError } from '../domain/error.ts';
import {
  defaultInstallation,
  installationFault,
  ownQueueFault,
  taskQueuesOf,
} from '../domain/installation.ts';
import type { TaskQueues } from '../domain/installation.ts';
import type { Implementation } from '../operations/implement.ts';
import type { Operation } from '../operations/operation.ts';
import { driverActivities } from './driver-activities.ts';

/** What {@link CountersignPlugin} is made from. */
export interface CountersignPluginOptions {
  /** Postgres, the vendor's client and the API's public keys. A client that only starts changes needs none. */
  readonly dependencies?: ActivityDependencies;
  /**
   * Operations that workers of yours carry out: what `implement` makes of definitions with a `taskQueue`. A worker on that
   * queue gets an activity that reads and one that calls for each; whatever else it has stays as it is.
   */
  readonly operations?: readonly Implementation[];
  /** How our workers store payloads, and which they can read. The API has to have the same. Not for a host's own worker: its data converter stays as it is. */
  readonly payloads?: PayloadOptions;
  /**
   * The name of the installation whose workers these are, where several share a namespace: its task queues are called after
   * it; default that of the dependencies, or `countersign`. Not for a host's own worker: `requireApproval` is told whom it asks.
   */
  readonly installation?: string;
  /** Calls a second that Temporal may hand out from the vendor's task queue, on average; default 400. The limiter behind it is exact. */
  readonly callsPerSecond?: number;
}

/** Path of the workflows, for bundling them ahead (`bundleWorkflowCode({ workflowsPath })`). */
export const workflowsPath = fileURLToPath(
  new URL(`../workflows/index${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

/**
 * Brings Countersign's workflows, activities and audit log to a Temporal worker. A worker on the task queue
 * `countersign` runs the workflows and the activities on Postgres; one on `countersign-onsmqtt` makes the vendor's calls: the
 * two begin with the installation's name.
 * A worker on the task queue of an operation that it implements reads and calls for it. A worker that has something of its own and another task queue is left as it is: what it gates runs on those two. May be
 * given to connection and worker at once.
 *
 * @throws CountersignError `invalid_configuration` where the dependencies are of another installation; from `Worker.create`, where a
 * worker with dependencies has nothing of its own and another task queue than the two, or where one on one of the two has an activity of its own
 * under a name of ours, other workflows on the first, or, with payload keys, a failure converter of its own
 */
export class CountersignPlugin extends SimplePlugin {
  readonly #queues: TaskQueues;
  readonly #isService: boolean;
  /** In which namespace its database's installation runs; null: it does not say. */
  readonly #namespace: string | null;
  readonly #operations: readonly Implementation[];
  readonly #callsPerSecond: number;
  readonly #activities: object;
  readonly #payloads: PayloadOptions;
  readonly #codec: PayloadCodec;
  constructor(options: CountersignPluginOptions = {}) {
    const { dependencies, callsPerSecond = 400, operations = [], payloads = {} } = options;
    const ofDatabase = dependencies && (dependencies.installation ?? defaultInstallation);
    const { installation = ofDatabase ?? defaultInstallation } = options;
    const fault = installationFault(installation);
    if (fault !== null) throw wrong('installation', fault);
    if (ofDatabase !== undefined && ofDatabase !== installation)
      throw wrong('installation', `expected that of the dependencies, ${ofDatabase}`);
    for (const { operation } of operations) assertQueue(operation, installation);
    const hidesTargets = payloads.keys != null;
    const activities = dependencies ? activitiesOf({ hidesTargets, ...dependencies }) : {};
    super({ name: 'countersign', activities });
    this.#isService = dependencies !== undefined;
    this.#namespace = dependencies?.namespace ?? null;
    this.#queues = taskQueuesOf(installation);
    this.#operations = operations;
    this.#callsPerSecond = callsPerSecond;
    this.#activities = activities;
    this.#payloads = payloads;
    this.#codec = workerCodec(payloadCodec(payloads));
  }

  /** With payload keys, what our workflows fail with is encoded. A bundle of them that is made ahead needs this plugin for it. */
  override configureBundler(options: BundleOptions): BundleOptions {
    const configured = super.configureBundler(options);
    if (!this.#payloads.keys || configured.workflowsPath !== workflowsPath) return configured;
    assertOwnFailures(configured.failureConverterPath);
    return { ...configured, failureConverterPath };
  }

  override configureWorker(options: WorkerOptions): WorkerOptions {
    const ofChanges = options.taskQueue === this.#queues.changes;
    const ofVendor = options.taskQueue === this.#queues.calls;
    const drivers = this.#operations.filter(({ operation }) => operation.taskQueue === options.taskQueue);
    if (drivers.length > 0) return withDrivers(options, drivers);
    if (!ofChanges && !ofVendor && hasItsOwn(options)) return options;
    // It would be another installation's, on this one's database.
    if (!ofChanges && !ofVendor && this.#isService)
      throw wrong('taskQueue', `expected ${this.#queues.changes} or ${this.#queues.calls}`);
    const { namespace = 'default' } = options;
    if (this.#namespace !== null && this.#namespace !== namespace)
      throw wrong('namespace', `expected that of the dependencies, ${this.#namespace}`);
    for (const [name, activity] of Object.entries(options.activities ?? {})) {
      const ours: unknown = (this.#activities as Record<string, unknown>)[name];
      if (ours !== undefined && ours !== activity)
        throw wrong('activities', `${name} is one of Countersign’s`);
    }
    if (ofChanges && (options.workflowsPath ?? workflowsPath) !== workflowsPath) {
      throw wrong(
        'workflowsPath',
        `workflows of your own need another task queue than ${this.#queues.changes}`,
      );
    }
    const configured = super.configureWorker(
      this.#withCodec(
        this.#codec,
        ofVendor
          ? { maxTaskQueueActivitiesPerSecond: this.#callsPerSecond, ...options }
          : withWorkflows(options),
      ),
    );
    if ((ofChanges || ofVendor) && Object.keys(configured.activities ?? {}).length === 0) {
      throw wrong('dependencies', `a worker on ${options.taskQueue} needs them`);
    }
    return configured;
  }

  override configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    // A saved history may be replayed in another namespace, under another id.
    const codec = workerCodec(payloadCodec({ ...this.#payloads, bound: false }));
    return super.configureReplayWorker(this.#withCodec(codec, withWorkflows(options)));
  }

  #withCodec<T extends Pick<WorkerOptions, 'dataConverter'>>(codec: PayloadCodec, options: T): T {
    return { ...options, dataConverter: withCodec(this.#payloads, codec, options.dataConverter ?? {}) };
  }
}

/** The worker's own, with the activities of the operations. */
function withDrivers(options: WorkerOptions, drivers: readonly Implementation[]): WorkerOptions {
  const { activities = {} } = options;
  const added = Object.assign({}, ...drivers.map(driverActivities)) as Record<string, object>;
  for (const name of Object.keys(added)) {
    const known = (activities as Record<string, object | undefined>)[name];
    // Connection and worker may both have this plugin.
    if (known !== undefined && !made.has(known)) throw wrong('activities', `${name} is one of Countersign’s`);
  }
  for (const activity of Object.values(added)) made.add(activity);
  return { ...options, activities: { ...activities, ...added } };
}

/** Activities that this plugin has made. */
const made = new WeakSet<object>();

function assertQueue({ name, taskQueue }: Operation, installation: string): void {
  if (taskQueue !== undefined && ownQueueFault(installation, taskQueue) === null) return;
  throw wrong('operations', `${name}: expected a definition with a taskQueue of your own`);
}

function activitiesOf(dependencies: ActivityDependencies): object {
  const activities = {
    ...makeLogActivities(dependencies),
    ...makeReviewActivities(dependencies),
    ...makeOperationActivities(dependencies),
  };
  return tellingAbsence(activities, dependencies.alarm);
}

function hasItsOwn({ workflowsPath, workflowBundle, activities, nexusServices }: WorkerOptions): boolean {
  return [workflowsPath, workflowBundle, activities, nexusServices].some((own) => own !== undefined);
}

function withWorkflows<T extends Pick<WorkerOptions, 'workflowsPath' | 'workflowBundle'>>(options: T): T {
  if (options.workflowsPath !== undefined || options.workflowBundle !== undefined) return options;
  return { ...options, workflowsPath };
}

function wrong(field: string, message: string): CountersignError {
  return new CountersignError('invalid_configuration', `${field}: ${message}`, {
    errors: [{ field, rule: 'host', message }],
  });
}
