import type { ChangeView } from '../../api/change-view.ts';
import { startHost } from './host.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from './service.ts';

/** What {@link startHosting} has started. */
export type Hosting = Awaited<ReturnType<typeof startHosting>>;

/** A service of ours, and somebody else's worker whose workflows ask it. */
export async function startHosting() {
  const testbed = await startTestbed();
  const [api, workers, host] = await Promise.all([
    startApi(testbed),
    startWorkers(testbed),
    startHost(testbed),
  ]);
  return {
    testbed,
    api,
    host,
    /** The change that a host has asked for, once its target was read. */
    async asked(sn: string): Promise<ChangeView> {
      const id = await eventually(async () => {
        const { items } = await api.users.bob.list(new URLSearchParams({ sn }));
        return items[0]?.id ?? null;
      });
      return await changeThat(api.users.bob, id, (c) => c.digest !== null);
    },
    async stop(): Promise<void> {
      await host.stop();
      await workers.stop();
      await api.stop();
      await testbed.stop();
    },
  };
}
