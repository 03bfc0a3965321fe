import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { startChild } from '../embedded/child.ts';
import { bareTable } from './bare-activities.ts';
import type { bare } from './bare-workflow.ts';
import { accessKey, plainEnv } from './testbed.ts';
import type { Testbed } from './testbed.ts';

/** The bare workflow's worker, and a client that runs it from start to result. */
export interface Bare {
  readonly pid: number;
  run(sn: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it on the servers of a testbed: a namespace and a database of its own. */
export async function startBare(testbed: Testbed): Promise<Bare> {
  const namespace = await testbed.namespace('bare');
  const admin = new pg.Client({ connectionString: testbed.superuserUrl });
  await admin.connect();
  await admin.query('create database bare');
  await admin.end();
  const url = new URL(testbed.superuserUrl);
  url.pathname = '/bare';
  const owner = new pg.Client({ connectionString: url.href });
  await owner.connect();
  await owner.query(bareTable);
  await owner.end();

  let runs: () => void = () => undefined;
  const running = new Promise<void>((resolve) => (runs = resolve));
  const worker = await startChild({
    command: process.execPath,
    args: [join(import.meta.dirname, 'bare-worker.ts')],
    env: {
      ...plainEnv,
      BENCH_DATABASE_URL: url.href,
      BENCH_TEMPORAL: testbed.temporalAddress,
      BENCH_NAMESPACE: namespace,
      BENCH_ENDPOINT: testbed.simulatorUrl,
      ALIBABA_CLOUD_ACCESS_KEY_ID: accessKey.id,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKey.secret,
    },
    log: (line) => (line === 'runs' ? runs() : undefined),
    stopSignal: 'SIGTERM',
  });
  const first = await Promise.race([running, worker.exited]);
  if (first) throw new Error(`the bare worker ended:\n${worker.lastLines()}`);
  const connection = await Connection.connect({ address: testbed.temporalAddress });
  const client = new Client({ connection, namespace });
  return {
    pid: worker.pid,
    async run(sn) {
      const id = randomUUID();
      const handle = await client.workflow.start<typeof bare>('bare', {
        workflowId: `bare-${id}`,
        taskQueue: 'bare',
        args: [{ id, sn }],
      });
      await handle.executeUpdate('go');
      await handle.result();
    },
    async stop() {
      await worker.stop();
      await connection.close();
    },
  };
}
