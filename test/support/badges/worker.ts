import { NativeConnection, Worker } from '@temporalio/worker';
import { implement } from '../../../operations/implement.ts';
import { CountersignPlugin } from '../../../plugin/countersign-plugin.ts';
import { revokeBadge } from './revoke-badge.ts';

/* A host's own worker as a process: it reads and revokes badges at BADGES_URL. */

const { TEMPORAL_ADDRESS: address = '', TEMPORAL_NAMESPACE: namespace = '', BADGES_URL = '' } = process.env;
const ask = async (method: string, badge: string, signal: AbortSignal) => {
  const answer = await fetch(`${BADGES_URL}/${badge}`, { method, signal });
  return (await answer.json()) as { id: string; state: string };
};
const badges = implement(revokeBadge, {
  async read({ badge }, { signal }) {
    const { id, state } = await ask('GET', badge, signal);
    return { ok: true, requestId: id, snapshot: { badge, state } };
  },
  async call({ badge }, { signal }) {
    const { id } = await ask('POST', badge, signal);
    return { ok: true, requestId: id };
  },
});
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  namespace,
  taskQueue: 'badges',
  plugins: [new CountersignPlugin({ operations: [badges] })],
});
await worker.run();
