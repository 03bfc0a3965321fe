import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Testbed } from './testbed.ts';
import { startInstallation } from './installation.ts';
import { latency, rounded, stretch } from './measure.ts';
import { people } from './person.ts';
import { residentMb } from './usage.ts';

const policies = `policies:
  - name: reminding
    version: '1'
    decideWithin: 1d
    reminders: [60s, 120s, 180s]
    stages: [{ name: approval, groups: [{ anyApprover: true, threshold: 1 }] }]
`;

/** What a receiver reads of a notice. */
interface Notice {
  readonly type: string;
  readonly timestamp: string;
  readonly data: { readonly change: { readonly id: string } };
}

/** Resident memory of the worker's process while it reminds the approvers of many waiting changes. */
export async function benchReminders(testbed: Testbed, changes: number) {
  const reminded = new Map<string, number>();
  const delays: number[] = [];
  const receiver = createServer((req, res) => {
    let body = '';
    req.on('data', (part: Buffer) => (body += part.toString()));
    req.on('end', () => {
      const { type, timestamp, data } = JSON.parse(body) as Notice;
      const { id } = data.change;
      if (type === 'change.reminder') {
        reminded.set(id, (reminded.get(id) ?? 0) + 1);
        delays.push(Date.now() - Date.parse(timestamp));
      }
      res.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const installation = await startInstallation(testbed, 'reminders', { policies, webhook: { url, secret } });
  try {
    const team = await people(testbed, installation);
    for (const sn of await testbed.certificates(10)) await team.wholeChange(sn, 'poll');
    const before = residentMb(installation.pids.worker);
    let highest = before;
    // The first are reminded of while the last are submitted.
    const looks = setInterval(() => {
      highest = Math.max(highest, residentMb(installation.pids.worker));
    }, 500);
    try {
      await stretch(await testbed.certificates(changes), 4, 600, async (sn) => {
        const { id } = await team.submit(sn);
        await team.prechecked(id);
      });
      const twice = () => [...reminded.values()].filter((count) => count >= 2).length;
      const until = Date.now() + 600_000;
      while (twice() < changes) {
        if (Date.now() > until) throw new Error(`${twice()} of ${changes} changes were reminded of twice`);
        await delay(500);
      }
    } finally {
      clearInterval(looks);
    }
    return {
      target: '< 400 MB',
      changes,
      workerResidentMb: { before: rounded(before), highestWhileReminding: rounded(highest) },
      // From the moment at which the change had people reminded.
      deliveredAfterMs: latency(delays),
      askedAgain: team.askedAgain(),
    };
  } finally {
    await installation.stop();
    receiver.close();
  }
}
