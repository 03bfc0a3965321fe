import { Worker } from '@temporalio/worker';
import { readEnvironment } from '../../cli/environment.ts';
import { makeLog } from '../../cli/process.ts';
import { temporalConnection } from '../../cli/temporal.ts';
import { workerDependencies } from '../../cli/worker-dependencies.ts';
import { workflowBundle } from '../../cli/workflow-bundle.ts';
import { CountersignPlugin } from '../../plugin/countersign-plugin.ts';
import { changeTaskQueue, vendorTaskQueue } from './task-queues.ts';
import { interceptorsAt, withFaultPoints } from './fault-points.ts';
import type { FaultPoint } from './fault-points.ts';

/* The worker process, which kills itself by SIGKILL at the point that its argument names. */

const fatal = process.argv[2] as FaultPoint;
const at = (point: FaultPoint): void => {
  if (point === fatal) process.kill(process.pid, 'SIGKILL');
};
const env = readEnvironment(process.env);
const log = makeLog('worker', env);
const { dependencies } = await workerDependencies(env, log);
const [{ connection, namespace }, { codePath }] = await Promise.all([
  temporalConnection(),
  workflowBundle(env.COUNTERSIGN_HOME),
]);
const shared = {
  connection,
  namespace,
  plugins: [new CountersignPlugin({ dependencies: withFaultPoints(dependencies, at) })],
  interceptors: interceptorsAt(at),
};
const workers = [
  await Worker.create({ ...shared, taskQueue: changeTaskQueue, workflowBundle: { codePath } }),
  await Worker.create({ ...shared, taskQueue: vendorTaskQueue }),
];
log.info({ fatal }, 'worker runs');
await Promise.all(workers.map((worker) => worker.run()));
