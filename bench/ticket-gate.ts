import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startJira } from '../simulator/jira/server.ts';
import { startInstallation } from './installation.ts';
import { latency, perSecond, rounded, stretch } from './measure.ts';
import type { Stretch } from './measure.ts';
import { people } from './person.ts';
import type { Testbed } from './testbed.ts';
import { processorMs } from './usage.ts';

const policyWith = (ticket: string) => `policies:
  - name: gated
    version: '1'
    stages: [{ name: approval, groups: [{ anyApprover: true, threshold: 1 }] }]
${ticket}`;
const ticketRule = `    ticket:
      system: jira
      required: true
      types: [Change]
      states: [Open]
      sameTarget: { field: Certificate, member: sn }
`;
const reading = {
  ...{ accountId: 'reader', displayName: 'Reader', email: 'reader@example.com', token: 'read-token' },
  rights: ['BROWSE_PROJECTS'] as const,
};
const person = { accountId: 'pat', displayName: 'Pat', email: 'pat@example.com', token: 'pat-token' };

/**
 * What the ticket gate costs a change: the same change with and without a policy that asks for a Jira issue, which is read in the
 * precheck and before the call, in alternating rounds on the same servers.
 */
export async function benchTicketGate(
  testbed: Testbed,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
) {
  const jira = await startJira({ deployment: 'cloud', users: [reading, person] });
  const folder = join(testbed.home, 'jira');
  await mkdir(folder);
  const secretFile = join(folder, 'secret');
  await writeFile(secretFile, reading.token);
  const settings = { kind: 'jira', url: jira.url, read: { user: reading.email, secretFile } };
  const integrations = join(folder, 'integrations.yaml');
  await writeFile(integrations, JSON.stringify({ systems: { jira: settings } }));
  const [plain, gated] = await Promise.all([
    startInstallation(testbed, 'ungated', { policies: policyWith('') }),
    startInstallation(testbed, 'gated', { policies: policyWith(ticketRule), integrations }),
  ]);
  let issues = 0;
  /** An issue for each certificate, made before the time is taken. */
  async function issuesFor(sns: readonly string[]): Promise<Map<string, string>> {
    const keys = new Map<string, string>();
    for (const sn of sns) {
      const key = `OPS-${(issues += 1)}`;
      const response = await fetch(`${jira.url}/_sim/issues`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          ...{ key, type: 'Change', status: 'Open', creator: person.accountId, summary: 'line 4 moves' },
          custom: { customfield_10103: sn },
        }),
      });
      if (!response.ok) throw new Error(`Jira refused an issue: ${await response.text()}`);
      keys.set(sn, key);
    }
    return keys;
  }
  try {
    const measured = { without: [] as Stretch[], with: [] as Stretch[] };
    const worker = { without: 0, with: 0 };
    const sides = { without: plain, with: gated } as const;
    const run = async (side: keyof typeof sides, atOnce: number, forSeconds: number, keep: boolean) => {
      const items = await testbed.certificates(Math.ceil(forSeconds * 40));
      const keys = side === 'with' ? await issuesFor(items) : null;
      const ticketOf = (sn: string) => ({ system: 'jira', id: keys?.get(sn) ?? `OPS-${sn}` });
      const team = await people(testbed, sides[side], ticketOf);
      const pid = sides[side].pids.worker;
      const before = (await processorMs(pid)) ?? NaN;
      const result = await stretch(items, atOnce, forSeconds, async (sn) => {
        await team.wholeChange(sn, 'sse');
      });
      if (!keep) return;
      measured[side].push(result);
      worker[side] += ((await processorMs(pid)) ?? NaN) - before;
    };
    for (const side of ['without', 'with'] as const) await run(side, 8, seconds, false);
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const);
      for (const side of order) await run(side, 1, seconds, true);
    }
    const summary = (side: keyof typeof sides) => {
      const latencies = measured[side].flatMap((s) => s.latencies);
      return {
        perSecond: perSecond(measured[side]),
        ms: latency(latencies),
        workerProcessorMsEach: rounded(worker[side] / latencies.length),
      };
    };
    const [without, withGate] = [summary('without'), summary('with')];
    return {
      atOnce: 1,
      rounds,
      secondsEach: seconds,
      without,
      with: withGate,
      p50Ratio: rounded(withGate.ms.p50 / without.ms.p50, 2),
    };
  } finally {
    await Promise.all([plain.stop(), gated.stop()]);
    await jira.close();
  }
}
