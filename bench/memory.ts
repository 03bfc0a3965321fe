import { setTimeout as delay } from 'node:timers/promises';
import type { Testbed } from './testbed.ts';
import { startInstallation } from './installation.ts';
import { rounded, stretch } from './measure.ts';
import { people } from './person.ts';
import { residentMb } from './usage.ts';

/** Resident memory of the worker's process beside more and more changes that wait for approval. */
export async function benchMemory(testbed: Testbed, sizes: readonly number[]) {
  const installation = await startInstallation(testbed, 'memory');
  try {
    const team = await people(testbed, installation);
    // Everything that is loaded on first use is there before the first figure.
    for (const sn of await testbed.certificates(10)) await team.wholeChange(sn, 'poll');
    const figures: Record<string, { mb: number; highestMb: number }> = {};
    let pending = 0;
    for (const size of sizes) {
      await stretch(await testbed.certificates(size - pending), 4, 600, async (sn) => {
        const { id } = await team.submit(sn);
        await team.prechecked(id);
      });
      pending = size;
      const samples: number[] = [];
      for (let i = 0; i < 8; i += 1) {
        await delay(500);
        samples.push(residentMb(installation.pids.worker));
      }
      figures[size] = { mb: rounded(samples.at(-1) ?? NaN), highestMb: rounded(Math.max(...samples)) };
    }
    return { target: 'flat, < 400 MB', workerResidentMbBesidePending: figures };
  } finally {
    await installation.stop();
  }
}
