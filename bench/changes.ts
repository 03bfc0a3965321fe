import { startBare } from './bare.ts';
import type { Testbed } from './testbed.ts';
import { startInstallation } from './installation.ts';
import { latency, perSecond, rounded, stretch } from './measure.ts';
import type { Stretch } from './measure.ts';
import { people } from './person.ts';
import type { Wait } from './person.ts';
import { machineMs, processorMs } from './usage.ts';

const levels = [1, 8] as const;

/** Changes a second beside a bare Temporal workflow, in alternating rounds on the same servers. */
export async function benchChanges(
  testbed: Testbed,
  options: {
    readonly rounds: number;
    readonly seconds: number;
    readonly warmUp: number;
    readonly wait: Wait;
  },
) {
  const { rounds, seconds, warmUp, wait } = options;
  const installation = await startInstallation(testbed, 'changes');
  const bare = await startBare(testbed);
  try {
    const team = await people(testbed, installation);
    const works = {
      ours: async (sn: string) => {
        await team.wholeChange(sn, wait);
      },
      bare: (sn: string) => bare.run(sn),
    };
    const pids = {
      ...installation.pids,
      bareWorker: bare.pid,
      simulator: testbed.simulatorPid,
      temporal: testbed.temporalPid,
      postgres: testbed.postgresPid,
      driver: process.pid,
    };
    const measured = new Map<string, Stretch[]>();
    const used = new Map<string, Record<string, number>>();
    const run = async (who: 'ours' | 'bare', atOnce: number, forSeconds: number, keep: boolean) => {
      const items = await testbed.certificates(Math.ceil(forSeconds * 60));
      const before = await usages(pids);
      const machineBefore = machineMs();
      const result = await stretch(items, atOnce, forSeconds, works[who]);
      if (!keep) return;
      const after = await usages(pids);
      const key = `${who} ${atOnce}`;
      measured.set(key, [...(measured.get(key) ?? []), result]);
      const sums = used.get(key) ?? {};
      for (const name of Object.keys(pids)) {
        sums[name] = (sums[name] ?? 0) + (after[name] ?? NaN) - (before[name] ?? NaN);
      }
      sums.machine = (sums.machine ?? 0) + machineMs() - machineBefore;
      used.set(key, sums);
    };
    for (const who of ['ours', 'bare'] as const) await run(who, 8, warmUp, false);
    for (let round = 0; round < rounds; round += 1) {
      for (const atOnce of levels) {
        // Whoever goes first has the machine as the other one left it: take turns.
        const order = round % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const);
        for (const who of order) await run(who, atOnce, seconds, true);
      }
    }
    const summary = (who: 'ours' | 'bare', atOnce: number) => {
      const stretches = measured.get(`${who} ${atOnce}`) ?? [];
      const latencies = stretches.flatMap((s) => s.latencies);
      // `machine` is all that this machine did meanwhile: what the others below do not explain was somebody else's.
      const cpu = Object.entries(used.get(`${who} ${atOnce}`) ?? {})
        .map(([name, ms]) => [name, rounded(ms / latencies.length)] as const)
        .filter(([, ms]) => ms >= 0.5);
      return {
        perSecond: perSecond(stretches),
        ms: latency(latencies),
        processorMsEach: Object.fromEntries(cpu),
        processorMsOfAllEach: rounded(
          cpu.reduce((sum, [name, ms]) => sum + (name === 'machine' ? 0 : ms), 0),
        ),
      };
    };
    return {
      wait: wait === 'sse' ? 'one event stream a change' : 'GET every 25 ms',
      rounds,
      secondsEach: seconds,
      target: 'ratio >= 0.7',
      askedAgain: team.askedAgain(),
      atOnce: Object.fromEntries(
        levels.map((atOnce) => {
          const [ours, theirs] = [summary('ours', atOnce), summary('bare', atOnce)];
          const perRound = (measured.get(`ours ${atOnce}`) ?? []).map((s, i) => {
            const other = measured.get(`bare ${atOnce}`)?.[i];
            return other ? rounded(perSecond([s]) / perSecond([other]), 2) : null;
          });
          return [
            atOnce,
            {
              ratio: rounded(ours.perSecond / theirs.perSecond, 2),
              // Of processor time: what the ratio tends to where the processors are the limit; others' work does not blur it.
              processorRatio: rounded(theirs.processorMsOfAllEach / ours.processorMsOfAllEach, 2),
              ratioPerRound: perRound,
              ours,
              bare: theirs,
            },
          ];
        }),
      ),
    };
  } finally {
    await bare.stop();
    await installation.stop();
  }
}

async function usages(pids: Record<string, number>): Promise<Record<string, number>> {
  return Object.fromEntries(
    await Promise.all(
      Object.entries(pids).map(
        async ([name, pid]) => [name, (await processorMs(pid, name === 'postgres')) ?? NaN] as const,
      ),
    ),
  );
}
