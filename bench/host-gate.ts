import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { workflowIdOf } from '../domain/change.ts';
import { changeIdOfHostKey, hostKeyOf } from '../domain/host-key.ts';
import { defaultInstallation } from '../domain/installation.ts';
import { gateKey } from './host-workflows.ts';
import type { gated, plain } from './host-workflows.ts';
import { startInstallation } from './installation.ts';
import { latency, percentile, perSecond, rounded, stretch } from './measure.ts';
import type { Stretch } from './measure.ts';
import { people } from './person.ts';
import { startWorker } from './start-worker.ts';
import { instance } from './testbed.ts';
import type { Testbed } from './testbed.ts';

/**
 * What a gate costs a host's workflow: one whose step is approved by another person as soon as that can be, beside one with the
 * same three calls of the vendor and a plain update that is sent at once. Time, and events in all histories of a run.
 */
export async function benchHostGate(
  testbed: Testbed,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
) {
  const installation = await startInstallation(testbed, 'host', { hosts: '*/gated' });
  const { namespace } = installation;
  const host = await startWorker(testbed, 'host-worker.ts', namespace);
  const connection = await Connection.connect({ address: testbed.temporalAddress });
  try {
    const client = new Client({ connection, namespace }).workflow;
    const team = await people(testbed, installation);
    const inputOf = (sn: string) => ({ mqttInstanceId: instance, sn, issuer: testbed.issuer });
    const eventsOf = async (workflowId: string) =>
      (await client.getHandle(workflowId).describe()).historyLength;
    const works = {
      async gated(sn: string): Promise<string[]> {
        const handle = await client.start<typeof gated>('gated', {
          ...{ workflowId: `gated-${randomUUID()}`, taskQueue: 'host', args: [inputOf(sn)] },
        });
        const id = changeIdOfHostKey(hostKeyOf(handle.firstExecutionRunId, gateKey, defaultInstallation));
        await team.approved(id);
        await handle.result();
        return [handle.workflowId, workflowIdOf(id)];
      },
      async plain(sn: string): Promise<string[]> {
        const handle = await client.start<typeof plain>('plain', {
          ...{ workflowId: `plain-${randomUUID()}`, taskQueue: 'host', args: [inputOf(sn)] },
        });
        await handle.executeUpdate('go');
        await handle.result();
        return [handle.workflowId];
      },
    };
    const measured = { gated: [] as Stretch[], plain: [] as Stretch[] };
    const runs = { gated: [] as string[][], plain: [] as string[][] };
    const run = async (side: keyof typeof works, atOnce: number, keep: boolean) => {
      const items = await testbed.certificates(Math.ceil(seconds * 40));
      const result = await stretch(items, atOnce, seconds, async (sn) => {
        const ids = await works[side](sn);
        if (keep) runs[side].push(ids);
      });
      if (keep) measured[side].push(result);
    };
    for (const side of ['gated', 'plain'] as const) await run(side, 4, false);
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 === 0 ? (['gated', 'plain'] as const) : (['plain', 'gated'] as const);
      for (const side of order) await run(side, 1, true);
    }
    const summary = async (side: keyof typeof works) => {
      const events: number[] = [];
      for (const ids of runs[side]) {
        events.push((await Promise.all(ids.map(eventsOf))).reduce((sum, each) => sum + each, 0));
      }
      return {
        perSecond: perSecond(measured[side]),
        ms: latency(measured[side].flatMap(({ latencies }) => latencies)),
        events: { p50: percentile(events, 50), least: Math.min(...events), most: Math.max(...events) },
      };
    };
    const [withGate, without] = [await summary('gated'), await summary('plain')];
    return {
      target: 'timeRatio <= 1.5, eventRatio <= 2',
      rounds,
      secondsEach: seconds,
      gated: withGate,
      plain: without,
      timeRatio: rounded(withGate.ms.p50 / without.ms.p50, 2),
      eventRatio: rounded(withGate.events.p50 / without.events.p50, 2),
    };
  } finally {
    await host.stop();
    await connection.close();
    await installation.stop();
  }
}
