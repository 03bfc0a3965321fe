import { defaultInstallation, taskQueuesOf } from '../../domain/installation.ts';

/** The task queues of an installation without a name of its own. */
export const { changes: changeTaskQueue, calls: vendorTaskQueue } = taskQueuesOf(defaultInstallation);
