import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { benchChanges } from './changes.ts';
import { benchMemory } from './memory.ts';
import { benchReads } from './reads.ts';
import { benchStart } from './start.ts';
import { startGround } from './ground.ts';
import { rounded } from './measure.ts';

const parts = ['changes', 'reads', 'memory', 'start'] as const;
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    wait: { type: 'string', default: 'sse' },
  },
});
const { only, quick } = values;
if (only !== undefined && !parts.some((part) => part === only)) {
  throw new Error(`--only is one of ${parts.join(', ')}`);
}
const wait = values.wait === 'poll' ? 'poll' : 'sse';
const wants = (part: (typeof parts)[number]) => only === undefined || only === part;

const began = Date.now();
const results: Record<string, unknown> = {
  date: new Date(began).toISOString(),
  command: `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim(),
  machine: {
    processors: cpus().length,
    model: cpus()[0]?.model,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    loadBefore: rounded(loadavg()[0] ?? 0),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  },
};
const say = (line: string) =>
  process.stderr.write(`${((Date.now() - began) / 1000).toFixed(0)} s  ${line}\n`);

if (parts.slice(0, 3).some(wants)) {
  say('starting the servers');
  const ground = await startGround();
  try {
    if (wants('changes')) {
      say('changes beside a bare workflow');
      const size = quick ? { rounds: 1, seconds: 5, warmUp: 4 } : { rounds: 4, seconds: 7, warmUp: 8 };
      results.changes = await benchChanges(ground, { ...size, wait });
    }
    if (wants('reads')) {
      say('calls with few and with many changes stored');
      const size = quick
        ? { few: 1000, many: 10_000, posts: 20, gets: 40, rounds: 2 }
        : { few: 1000, many: 100_000, posts: 120, gets: 400, rounds: 6 };
      results.reads = await benchReads(ground, { ...size, say });
    }
    if (wants('memory')) {
      say('memory of the worker');
      results.memory = await benchMemory(ground, quick ? [0, 20, 50] : [0, 100, 300]);
    }
  } finally {
    await ground.stop();
  }
}
if (wants('start')) {
  say('time to ready');
  results.start = await benchStart(quick ? 1 : 3);
}
results.tookSeconds = rounded((Date.now() - began) / 1000);
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
