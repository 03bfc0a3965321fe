import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { benchAppends } from './appends.ts';
import { benchChanges } from './changes.ts';
import { benchCodec } from './codec.ts';
import { benchCompare } from './compare.ts';
import { benchDecisions } from './decisions.ts';
import { benchDeliveries } from './deliveries.ts';
import { benchEntries } from './entries.ts';
import { benchEvolve } from './evolve.ts';
import { removeHomes, startTestbed } from './testbed.ts';
import type { Testbed } from './testbed.ts';
import { startLogTestbed } from './log-testbed.ts';
import type { LogTestbed } from './log-testbed.ts';
import { rounded } from './measure.ts';
import { benchHostGate } from './host-gate.ts';
import { benchMemory } from './memory.ts';
import { benchPage } from './page.ts';
import { benchReads } from './reads.ts';
import { benchReminders } from './reminders.ts';
import { benchStart } from './start.ts';
import { benchTicketGate } from './ticket-gate.ts';
import { benchTree } from './tree.ts';
import { benchVerify } from './verify.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    wait: { type: 'string', default: 'sse' },
  },
});
const { only, quick } = values;
const wait = values.wait === 'poll' ? 'poll' : 'sse';
const began = Date.now();
const say = (line: string) =>
  process.stderr.write(`${((Date.now() - began) / 1000).toFixed(0)} s  ${line}\n`);

const onTestbed = async (work: (testbed: Testbed) => Promise<unknown>): Promise<unknown> => {
  const testbed = await startTestbed();
  try {
    return await work(testbed);
  } finally {
    await testbed.stop();
  }
};
const onLogTestbed = async (work: (testbed: LogTestbed) => Promise<unknown>): Promise<unknown> => {
  const testbed = await startLogTestbed();
  try {
    return await work(testbed);
  } finally {
    await testbed.stop();
  }
};
/** Each on fresh servers, so that none works on what another has left. */
const parts: Record<string, () => Promise<unknown>> = {
  changes: () =>
    onTestbed((testbed) =>
      benchChanges(testbed, {
        ...(quick ? { rounds: 1, seconds: 5, warmUp: 4 } : { rounds: 4, seconds: 7, warmUp: 8 }),
        wait,
      }),
    ),
  reads: () =>
    onTestbed((testbed) =>
      benchReads(testbed, {
        ...(quick
          ? { few: 1000, many: 10_000, posts: 20, gets: 40, rounds: 2 }
          : { few: 1000, many: 100_000, posts: 300, gets: 400, rounds: 6 }),
        say,
      }),
    ),
  ticketGate: () =>
    onTestbed((testbed) =>
      benchTicketGate(testbed, quick ? { rounds: 1, seconds: 4 } : { rounds: 4, seconds: 7 }),
    ),
  hostGate: () =>
    onTestbed((testbed) =>
      benchHostGate(testbed, quick ? { rounds: 1, seconds: 4 } : { rounds: 4, seconds: 7 }),
    ),
  reminders: () => onTestbed((testbed) => benchReminders(testbed, quick ? 20 : 300)),
  memory: () => onTestbed((testbed) => benchMemory(testbed, quick ? [0, 20, 50] : [0, 100, 300])),
  compare: () => onTestbed((testbed) => benchCompare(testbed, quick ? [100, 1000] : [10_000, 100_000])),
  decisions: () =>
    Promise.resolve(
      benchDecisions(quick ? { rounds: 1, few: 500, many: 10 } : { rounds: 5, few: 5000, many: 100 }),
    ),
  evolve: () =>
    Promise.resolve(benchEvolve(quick ? { rounds: 1, events: 10_000 } : { rounds: 5, events: 1_000_000 })),
  codec: () => benchCodec(quick ? { rounds: 1, payloads: 500 } : { rounds: 5, payloads: 5000 }),
  entries: () => benchEntries(quick ? 1 : 5),
  start: () => benchStart(quick ? 1 : 3),
  page: () => benchPage(quick ? 1 : 5),
  appends: () =>
    onLogTestbed((testbed) =>
      benchAppends(testbed, quick ? { rounds: 1, seconds: 2 } : { rounds: 4, seconds: 5 }),
    ),
  tree: () =>
    onLogTestbed((testbed) =>
      benchTree(testbed, {
        ...(quick ? { few: 200, many: 2000, rounds: 1 } : { few: 2000, many: 200_000, rounds: 4 }),
        batches: 20,
        batch: 100,
        proofs: 100,
      }),
    ),
  deliveries: () =>
    onLogTestbed((testbed) =>
      benchDeliveries(
        testbed,
        quick
          ? { aSecond: 100, seconds: 15, changes: 500, behind: 10_000 }
          : { aSecond: 500, seconds: 20, changes: 10_000, behind: 100_000 },
      ),
    ),
  verify: () =>
    benchVerify(quick ? { few: 200, many: 2000, rounds: 1 } : { few: 2000, many: 200_000, rounds: 3 }),
};
if (only !== undefined && !(only in parts)) {
  throw new Error(`--only is one of ${Object.keys(parts).join(', ')}`);
}

const results: Record<string, unknown> = {
  date: new Date(began).toISOString(),
  command: `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim(),
  machine: {
    processors: cpus().length,
    model: cpus()[0]?.model,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    loadBefore: rounded(loadavg()[0] ?? 0),
  },
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void removeHomes().finally(() => process.exit(130));
  });
}
for (const [name, run] of Object.entries(parts)) {
  if (only !== undefined && only !== name) continue;
  say(name);
  try {
    results[name] = await run();
  } catch (error) {
    // The other parts' figures are not lost with this one's.
    results[name] = { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    process.exitCode = 1;
  }
}
results.loadAfter = rounded(loadavg()[0] ?? 0);
results.tookSeconds = rounded((Date.now() - began) / 1000);
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
