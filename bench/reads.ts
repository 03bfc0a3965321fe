import { fill } from './fill.ts';
import type { Testbed } from './testbed.ts';
import { startInstallation } from './installation.ts';
import type { Installation } from './installation.ts';
import { latency, rounded } from './measure.ts';
import { people } from './person.ts';
import type { People } from './person.ts';

/** The calls, by their names in the results. */
type Call = 'post' | 'getOne' | 'getList' | 'getListAwaitingMe' | 'getListBySn' | 'getListOwn';

interface Side {
  readonly installation: Installation;
  readonly people: People;
  /** Ids to read. */
  readonly ids: readonly string[];
  readonly ms: Map<Call, number[]>;
  /** How long the fill took. */
  readonly fillSeconds: number;
}

/** POST, GET one and GET list with few and with many changes stored: two installations on the same servers, in turn. */
export async function benchReads(
  testbed: Testbed,
  options: {
    readonly few: number;
    readonly many: number;
    readonly posts: number;
    readonly gets: number;
    readonly rounds: number;
    readonly say: (line: string) => void;
  },
) {
  const { few, many, posts, gets, rounds, say } = options;
  const sides: Side[] = [];
  try {
    for (const [name, count] of [
      ['few', few],
      ['many', many],
    ] as const) {
      const side = await prepared(testbed, name, count);
      sides.push(side);
      say(`${count} changes stored in ${side.fillSeconds} s`);
    }
    for (let round = -1; round < rounds; round += 1) {
      // The first round warms up and is not kept.
      for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
        if (round < 0) {
          await once(testbed, { ...side, ms: new Map() }, 10, 20);
          continue;
        }
        await once(testbed, side, Math.ceil(posts / rounds), Math.ceil(gets / rounds));
      }
    }
    const [small, large] = sides;
    if (!small || !large) throw new Error('two sizes are needed');
    return {
      stored: { few, many },
      target: 'ratio of p50 and of p99 <= 1.5',
      atOnce: 1,
      fillSeconds: large.fillSeconds,
      calls: Object.fromEntries(
        [...small.ms].map(([call, msFew]) => {
          const [a, b] = [latency(msFew), latency(large.ms.get(call) ?? [])];
          return [
            call,
            { ratioP50: rounded(b.p50 / a.p50, 2), ratioP99: rounded(b.p99 / a.p99, 2), few: a, many: b },
          ];
        }),
      ),
    };
  } finally {
    for (const { installation } of sides) await installation.stop();
  }
}

async function prepared(testbed: Testbed, name: string, count: number): Promise<Side> {
  const installation = await startInstallation(testbed, name);
  try {
    const team = await people(testbed, installation);
    const [sn = '', open = ''] = await testbed.certificates(2);
    const modelId = await team.wholeChange(sn, 'poll');
    const { id } = await team.submit(open);
    await team.prechecked(id);
    const began = Date.now();
    await fill(installation.superuserUrl, modelId, count - 2);
    const fillSeconds = rounded((Date.now() - began) / 1000);
    const ids = await team.ids(100);
    return { installation, people: team, ids, ms: new Map(), fillSeconds };
  } catch (error) {
    await installation.stop();
    throw error;
  }
}

async function once(testbed: Testbed, side: Side, posts: number, gets: number): Promise<void> {
  const { people: team, ids, ms } = side;
  const timed = async (call: Call, work: () => Promise<unknown>): Promise<void> => {
    const from = performance.now();
    await work();
    ms.set(call, [...(ms.get(call) ?? []), performance.now() - from]);
  };
  for (let i = 0; i < gets; i += 1) {
    const id = ids[i % ids.length] ?? '';
    await timed('getOne', () => team.get('bob', `/v1/changes/${id}`));
    await timed('getList', () => team.get('dave', '/v1/changes?limit=50'));
    await timed('getListOwn', () => team.get('alice', '/v1/changes?limit=50'));
    await timed('getListAwaitingMe', () => team.get('bob', '/v1/changes?awaiting=me&limit=50'));
    await timed('getListBySn', () =>
      team.get('dave', `/v1/changes?sn=COPY${String(i + 1).padStart(8, '0')}`),
    );
  }
  for (const sn of await testbed.certificates(posts)) {
    let id = '';
    await timed('post', async () => {
      ({ id } = await team.submit(sn));
    });
    // Else the next POST would be timed beside this one's precheck.
    await team.prechecked(id);
  }
}
