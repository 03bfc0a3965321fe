import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { bareTable } from './bare-activities.ts';
import type { bare } from './bare-workflow.ts';
import { startWorker } from './start-worker.ts';
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

  const worker = await startWorker(testbed, 'bare-worker.ts', namespace, { BENCH_DATABASE_URL: url.href });
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
