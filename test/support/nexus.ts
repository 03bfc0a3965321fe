import { randomUUID } from 'node:crypto';
import { changeTaskQueue } from './task-queues.ts';
import { makeNamespace } from './service.ts';
import type { Testbed } from './service.ts';

/** A namespace of somebody else, and a Nexus endpoint by which it asks the testbed's. @param taskQueue - of the installation that is asked */
export async function startNexus({ connection, namespace }: Testbed, taskQueue = changeTaskQueue) {
  const name = `approvals-${randomUUID()}`;
  const callers = await makeNamespace(connection);
  const { endpoint } = await connection.operatorService.createNexusEndpoint({
    spec: { name, target: { worker: { namespace, taskQueue } } },
  });
  return {
    /** The endpoint's name. */
    endpoint: name,
    /** The namespace of the hosts. */
    namespace: callers,
    async stop(): Promise<void> {
      await connection.operatorService.deleteNexusEndpoint({
        id: endpoint?.id ?? '',
        version: endpoint?.version ?? null,
      });
    },
  };
}
