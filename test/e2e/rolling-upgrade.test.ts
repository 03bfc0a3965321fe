import { join } from 'node:path';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { workflowIdOf } from '../../domain/change.ts';
import { workflowsPath } from '../../plugin/countersign-plugin.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { decide, entriesOf, inMs, stepsOf } from '../support/steps.ts';

/*
 * Workers of the next version join those of this one while fifty changes are open, and take over. The next version is this
 * one but for a command that it has behind a patch. Workers of this one cannot go on with what the next one has marked: such
 * a task fails there, and is tried again until one of the next version gets it.
 */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let folder: string;
let next: { readonly codePath: string };

beforeAll(async () => {
  testbed = await startTestbed();
  api = await startApi(testbed);
  folder = await mkdtemp(join(tmpdir(), 'countersign-next-'));
  next = { codePath: join(folder, 'next.js') };
  const timer = join(import.meta.dirname, '..', '..', 'workflows', 'timer.ts');
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    logger: new DefaultLogger('WARN'),
    webpackConfigHook: (config) => ({
      ...config,
      resolve: {
        ...config.resolve,
        alias: {
          ...(config.resolve?.alias as object),
          [timer]: join(import.meta.dirname, '..', 'support', 'next-version', 'timer.ts'),
        },
      },
    }),
  });
  expect(code).toContain('memo-of-timer');
  await writeFile(next.codePath, code);
}, 300_000);
afterAll(async () => {
  await api.stop();
  await testbed.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Ten of each state. */
const each = 10;
const states = ['pending', 'scheduled', 'paused', 'retried', 'held'] as const;
type State = (typeof states)[number];

interface Open {
  readonly id: string;
  readonly sn: string;
  readonly state: State;
  /** Takes the next step of a person, if it needs one. */
  readonly goOn: () => Promise<unknown>;
}

test('fifty open changes in five states outlive it: each is called once, and its log is whole', async () => {
  const steps = stepsOf(api);
  const { alice, bob, olga, adam } = api.users;
  const control = (id: string, action: string) =>
    olga.post(`/v1/changes/${id}/execution`, { action, comment: 'because' });

  const openIn: Record<State, (sn: string) => Promise<Omit<Open, 'sn' | 'state'>>> = {
    async pending(sn) {
      const change = await steps.asked(sn);
      return { id: change.id, goOn: () => decide(bob, change) };
    },
    async scheduled(sn) {
      const { id } = await steps.approved(sn, { executeAfter: inMs(45_000) });
      return { id, goOn: () => Promise.resolve() };
    },
    async paused(sn) {
      const { id } = await steps.approved(sn, { executeAfter: inMs(30_000) });
      await control(id, 'pause');
      return { id, goOn: () => control(id, 'resume') };
    },
    async retried(sn) {
      await testbed.fault(sn, { times: 5 });
      const { id } = await steps.approved(sn);
      return { id, goOn: () => Promise.resolve() };
    },
    async held(sn) {
      const freeze = await adam.post<{ id: string }>('/v1/freezes', { scope: { sn }, reason: 'not now' });
      const { id } = await steps.approved(sn);
      await changeThat(alice, id, ({ waitsFor }) => waitsFor?.kind === 'freeze');
      return { id, goOn: () => adam.delete(`/v1/freezes/${freeze.id}`) };
    },
  };
  const open = async (state: State): Promise<Open> => {
    const sn = await testbed.certificate();
    return { sn, state, ...(await openIn[state](sn)) };
  };
  const many = async (count: number, state: State) =>
    Promise.all(Array.from({ length: count }, () => open(state)));

  const older = await startWorkers(testbed);
  const opened: Open[] = [];
  for (const state of states) opened.push(...(await many(each, state)));

  const newer = await startWorkers(testbed, { code: next });
  try {
    // Both take tasks: half of all steps, and changes that begin now.
    const isFirst = (_: unknown, i: number) => i % 2 === 0;
    await Promise.all(opened.filter(isFirst).map(({ goOn }) => goOn()));
    const between = await many(each, 'pending');
    await Promise.all(between.filter(isFirst).map(({ goOn }) => goOn()));
    await older.stop();
    const isOther = (one: unknown, i: number) => !isFirst(one, i);
    await Promise.all([...opened.filter(isOther), ...between.filter(isOther)].map(({ goOn }) => goOn()));

    for (const { id, sn, state } of [...opened, ...between]) {
      const ended = await eventually(async () => {
        const change = await alice.change(id);
        return change.closedAt === null ? null : change;
      });
      expect({ state, execution: ended.executionStatus }).toEqual({ state, execution: 'succeeded' });
      expect((await testbed.calls(sn)).filter(({ applied }) => applied)).toHaveLength(1);
      const types = (await entriesOf(api.users.dave, id)).map(({ type }) => type);
      expect(types.filter((type) => type === 'change.requested')).toHaveLength(1);
      expect(types.filter((type) => type === 'change.closed')).toHaveLength(1);
      expect(types.at(-1)).toBe('change.closed');
      expect(types.filter((type) => type === 'attempt.started')).toHaveLength(ended.attempts.length);
    }
    expect(await marked([...opened, ...between])).toBeGreaterThan(0);
  } finally {
    await newer.stop();
  }
}, 900_000);

/** How many of the changes the next version has marked. */
async function marked(changes: readonly Open[]): Promise<number> {
  const histories = await Promise.all(
    changes.map(({ id }) => testbed.client.workflow.getHandle(workflowIdOf(id)).fetchHistory()),
  );
  return histories.filter(({ events }) =>
    events?.some((event) => event.markerRecordedEventAttributes?.markerName === 'core_patch'),
  ).length;
}
