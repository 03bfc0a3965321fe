import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { temporal } from '@temporalio/proto';
import type { Logger } from 'pino';
import type { RaiseAlarm } from '../domain/alarm.ts';
import { taskQueuesOf } from '../domain/installation.ts';
import { strangersAmong } from '../domain/worker-identity.ts';
import type { Poller } from '../domain/worker-identity.ts';

const { TaskQueueType } = proto.temporal.api.enums.v1;
const withinMs = 5_000;

/** Somebody who takes tasks of an installation and is not known to write to its database. */
export interface Stranger {
  readonly queue: string;
  readonly identity: string;
  readonly kind: 'of_another_database' | 'unknown';
}

/** Where strangers are looked for, and whose workers are none. */
export interface PollersOf {
  readonly connection: Connection;
  readonly namespace: string;
  readonly installation: string;
  /** See {@link databaseId}. */
  readonly databaseId: string;
}

/** The strangers on an installation's task queues; null where Temporal does not tell, or does not answer. */
export async function findStrangers(of: PollersOf): Promise<Stranger[] | null> {
  const { changes, calls } = taskQueuesOf(of.installation);
  try {
    const pollers = await Promise.all([
      pollersOf(of, changes, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
      pollersOf(of, changes, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
      pollersOf(of, calls, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
    ]);
    const now = Date.now();
    const on = (queue: string, found: readonly Poller[]): Stranger[] =>
      strangersAmong(found, of.databaseId, now).map((stranger) => ({ queue, ...stranger }));
    const [workflows, activities, ofCalls] = pollers;
    return [...on(changes, [...workflows, ...activities]), ...on(calls, ofCalls)];
  } catch {
    return null;
  }
}

async function pollersOf(
  { connection, namespace }: PollersOf,
  name: string,
  taskQueueType: temporal.api.enums.v1.TaskQueueType,
): Promise<Poller[]> {
  const { pollers } = await connection.withDeadline(Date.now() + withinMs, () =>
    connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name },
      taskQueueType,
    }),
  );
  return pollers.map(({ identity, lastAccessTime }) => ({
    identity: identity ?? '',
    lastSeen: Number(lastAccessTime?.seconds ?? 0) * 1000,
  }));
}

/** What somebody is told of a stranger. */
export function strangerText({ queue, identity, kind }: Stranger): string {
  const what = kind === 'unknown' ? 'a worker that is not known' : 'a worker of another database';
  return `${what} takes tasks of ${queue}: ${identity}`;
}

/** What can be done about strangers. */
export const strangerRemedy =
  'give one of the two installations, or somebody else’s worker, another name (COUNTERSIGN_INSTALLATION, its task queue); see docs/installations.md';

/**
 * Looks from now on who else takes this installation's tasks. Each stranger is a warning once; one of another database that is
 * there twice in a row is an alarm each time: after a move, the workers from before are soon forgotten.
 *
 * @param everyMs - default 120,000
 */
export function watchPollers(
  look: () => Promise<Stranger[] | null>,
  { log, alarm, everyMs = 120_000 }: { log: Pick<Logger, 'warn'>; alarm: RaiseAlarm; everyMs?: number },
): { stop(): void } {
  const warned = new Set<string>();
  let before = new Set<string>();
  const once = async (): Promise<void> => {
    const strangers = (await look()) ?? [];
    for (const stranger of strangers) {
      const text = strangerText(stranger);
      if (!warned.has(text)) log.warn({ ...stranger }, `${text}; ${strangerRemedy}`);
      warned.add(text);
      if (stranger.kind === 'of_another_database' && before.has(text))
        alarm('installation_not_alone', text, { ...stranger });
    }
    before = new Set(strangers.map(strangerText));
  };
  void once();
  const timer = setInterval(() => void once(), everyMs);
  return { stop: () => clearInterval(timer) };
}
