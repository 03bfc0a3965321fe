import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import type { ReplayWorkerOptions } from '@temporalio/worker';
import type { PayloadOptions } from '../../codec/data-converter.ts';
import { workflowBundle } from '../../cli/workflow-bundle.ts';
import { changeWorkflowType } from '../../domain/change.ts';
import { gateWorkflowType } from '../../domain/gate.ts';
import { CountersignPlugin } from '../../plugin/countersign-plugin.ts';
import { changeTaskQueue } from './task-queues.ts';
import { quietRuntime } from './quiet-runtime.ts';
import { PROJECT_HOME } from './stack.ts';
import { comparePage } from '../../audit/compare/compare-changes.ts';
import type { ComparedPage } from '../../audit/compare/compare-changes.ts';
import { makePool } from '../../store/pool.ts';
import type { Testbed } from './service.ts';

export const historiesFolder = join(import.meta.dirname, '..', 'histories');

/** Replays a history with today's workflow code; rejects where they disagree. */
export async function replay(history: unknown, workflowId?: string): Promise<void> {
  quietRuntime();
  await Worker.runReplayHistory(await replayOptions(), history, workflowId);
}

async function replayOptions(payloads: PayloadOptions = {}): Promise<ReplayWorkerOptions> {
  const bundle = await workflowBundle(PROJECT_HOME, [], payloads.keys != null);
  return { workflowBundle: bundle, plugins: [new CountersignPlugin({ payloads })] };
}

/** Every stored change is the fold of its entries. @throws Error naming what differs */
async function assertFolds(testbed: Testbed): Promise<void> {
  const pool = makePool({
    connectionString: testbed.database.url('reader'),
    applicationName: 'test compare',
  });
  try {
    for (let from: string | null = null; ;) {
      const page: ComparedPage = await comparePage(pool, from);
      if (page.differences.length > 0)
        throw new Error(`stored otherwise: ${JSON.stringify(page.differences, null, 1)}`);
      if (page.next === null) return;
      from = page.next;
    }
  } finally {
    await pool.end();
  }
}

/** Replays every workflow run of a namespace, and compares every stored change with its entries; answers how many were replayed. @param taskQueue - of the service's workflows */
export async function replayAll(
  testbed: Testbed,
  payloads: PayloadOptions = {},
  taskQueue = changeTaskQueue,
): Promise<number> {
  await assertFolds(testbed);
  quietRuntime();
  let count = 0;
  // One worker for all: each worker keeps a parsed source map, and some thousand of those are more than a process can hold.
  const replayed = Worker.runReplayHistories(
    await replayOptions(payloads),
    changeHistories(testbed, taskQueue),
  );
  for await (const { workflowId, error } of replayed) {
    if (error) throw new Error(`${workflowId} does not replay: ${error.message}`, { cause: error });
    count += 1;
  }
  return count;
}

/** The history of each run of a change or a gate in a testbed's namespace. */
async function* changeHistories({ client }: Testbed, ofService: string) {
  for await (const { workflowId, runId, type, taskQueue } of client.workflow.list()) {
    if (taskQueue !== ofService || (type !== changeWorkflowType && type !== gateWorkflowType)) continue;
    yield { workflowId, history: await client.workflow.getHandle(workflowId, runId).fetchHistory() };
  }
}

/** As {@link saveHistory}, of a host's workflow. */
export async function saveHostHistory({ client }: Testbed, workflowId: string, state: string): Promise<void> {
  await keepHistory(client, workflowId, join('hosts', state));
}

/** Keeps a run's history for later versions to replay, under a state's name, when SAVE_HISTORIES names this version. */
export async function saveHistory({ client }: Testbed, workflowId: string, state: string): Promise<void> {
  await keepHistory(client, workflowId, state);
}

async function keepHistory(client: Testbed['client'], workflowId: string, state: string): Promise<void> {
  const version = process.env.SAVE_HISTORIES;
  if (!version) return;
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  const file = join(historiesFolder, `${state}.${version}.json`);
  await mkdir(dirname(file), { recursive: true });
  // A failure's stack names files of the machine that made it, and replaying needs none.
  const text = historyToJSON(history).replace(/("stackTrace": )"(?:[^"\\]|\\.)*"/g, '$1""');
  await writeFile(file, text);
}
