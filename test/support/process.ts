import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FaultPoint } from './fault-points.ts';
import { key } from './service.ts';
import type { Testbed } from './service.ts';
import { PROJECT_HOME } from './stack.ts';

const entry = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

type ProcessName = 'api' | 'worker' | 'deliverer';

const dyingWorker = join(import.meta.dirname, 'dying-worker.ts');

/** A process of the product as a user runs it, such as `countersign worker`, on a testbed. */
export function startProcess(testbed: Testbed, name: ProcessName, extra: NodeJS.ProcessEnv = {}) {
  return startNode(testbed, name, [entry, name], extra);
}

/** A worker process that kills itself by SIGKILL at a point. */
export function startDyingWorker(testbed: Testbed, point: FaultPoint, extra: NodeJS.ProcessEnv = {}) {
  return startNode(testbed, 'worker', [dyingWorker, point], extra);
}

async function startNode(
  testbed: Testbed,
  name: ProcessName,
  args: readonly string[],
  extra: NodeJS.ProcessEnv,
) {
  const child = spawn(process.execPath, args, {
    env: {
      PATH: process.env.PATH,
      LOG_LEVEL: 'info',
      // The bundle's cache is the project's; keys are the testbed's.
      COUNTERSIGN_HOME: PROJECT_HOME,
      COUNTERSIGN_STATEMENT_KEY: testbed.keys.privateKey,
      COUNTERSIGN_STATEMENT_PUBLIC_KEYS: testbed.keys.publicKey,
      COUNTERSIGN_LOG_PUBLIC_KEYS: testbed.logPublicKey,
      DATABASE_URL: testbed.database.url(name),
      TEMPORAL_ADDRESS: testbed.temporalAddress,
      TEMPORAL_NAMESPACE: testbed.namespace,
      OIDC_ISSUER: testbed.identity.issuer,
      ONSMQTT_REGION: 'cn-hangzhou',
      ...(name === 'worker'
        ? {
            ONSMQTT_ENDPOINT: testbed.simulator.url,
            ONSMQTT_DEADLINE_MS: '1500',
            ALIBABA_CLOUD_ACCESS_KEY_ID: key.accessKeyId,
            ALIBABA_CLOUD_ACCESS_KEY_SECRET: key.accessKeySecret,
          }
        : {}),
      ...extra,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  let output = '';
  const ready = new Promise<void>((resolve) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (/worker runs|api listens|subscriptions read/.test(output)) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
  await Promise.race([
    ready,
    exited.then(([code, signal]) => {
      throw new Error(`${name} ended (${code ?? signal}) before it was ready:\n${output}`);
    }),
  ]);
  return {
    output: () => output,
    /** How it ended: exit code and signal. */
    exited,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    /** By SIGKILL; a test that wants an orderly end sends SIGTERM and awaits `exited`. */
    async stop(): Promise<void> {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await exited;
      }
    },
  };
}
