import { join } from 'node:path';
import { startChild } from '../embedded/child.ts';
import type { Child } from '../embedded/child.ts';
import { accessKey, plainEnv } from './testbed.ts';
import type { Testbed } from './testbed.ts';

/**
 * Starts a worker of the bench in a process of its own, and waits until it runs.
 *
 * @param file - beside this one; it calls `runWorker`
 * @param more - further variables of its environment
 */
export async function startWorker(
  testbed: Testbed,
  file: string,
  namespace: string,
  more: NodeJS.ProcessEnv = {},
): Promise<Child> {
  let runs: () => void = () => undefined;
  const running = new Promise<void>((resolve) => (runs = resolve));
  const worker = await startChild({
    command: process.execPath,
    args: [join(import.meta.dirname, file)],
    env: {
      ...plainEnv,
      BENCH_TEMPORAL: testbed.temporalAddress,
      BENCH_NAMESPACE: namespace,
      BENCH_ENDPOINT: testbed.simulatorUrl,
      ALIBABA_CLOUD_ACCESS_KEY_ID: accessKey.id,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKey.secret,
      ...more,
    },
    log: (line) => (line === 'runs' ? runs() : undefined),
    stopSignal: 'SIGTERM',
  });
  const ended = await Promise.race([running, worker.exited]);
  if (ended) throw new Error(`${file} ended:\n${worker.lastLines()}`);
  return worker;
}
