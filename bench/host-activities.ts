import type { Implementation } from '../operations/implement.ts';
import type { HostInput } from './host-workflows.ts';

/** The vendor's calls of a workflow without a gate. */
export interface HostActivities {
  look(input: HostInput): Promise<void>;
  call(input: HostInput): Promise<void>;
}

/** @param vendor - the operation that the gate has, too */
export function makeHostActivities(vendor: Implementation): HostActivities {
  const ref = ({ mqttInstanceId, sn }: HostInput) => ({ regionId: 'cn-hangzhou', mqttInstanceId, sn });
  const context = () => ({ changeId: '', notAfter: Infinity, signal: AbortSignal.timeout(60_000) });
  return {
    async look(input) {
      const read = await vendor.read(ref(input), context());
      if (!read.ok) throw new Error(`${read.code}: ${read.message}`);
    },
    async call(input) {
      const send = await vendor.prepare(ref(input), context());
      const answer = typeof send === 'function' ? await send() : send;
      if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
    },
  };
}
