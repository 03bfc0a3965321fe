import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';
import { hostBundle } from '../support/host.ts';
import { historiesFolder } from '../support/replay.ts';

/* Histories of hosts, made by earlier versions of `requireApproval`: a host's open runs outlive an upgrade of the package. */

interface SavedHistory {
  events: {
    startChildWorkflowExecutionInitiatedEventAttributes?: { workflowType: { name: string } };
  }[];
}

const folder = join(historiesFolder, 'hosts');
const files = (await readdir(folder)).sort();
const load = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8')) as SavedHistory;
const replay = async (history: SavedHistory) =>
  Worker.runReplayHistory({ workflowBundle: await hostBundle() }, history);

const states = [
  'pending',
  'succeeded',
  'cancelled-and-withdrawn',
  'cancelled-and-waited',
  'cancelled-and-rejected',
  'followed-after-it-fails',
  'followed-after-it-continues-as-new',
  'left-by-the-second-scope',
  'withdrawn-by-the-first-scope',
  // Of versions that refused less, and for which a key had one scope.
  'asked-with-a-misspelt-option',
  'both-cancelled-before-a-change',
  'both-scopes-cancelled-with-the-first',
  'second-scope-cancelled-in-vain',
];

describe('saved histories of hosts', () => {
  test('there is one for every state', () => {
    const saved = new Set(files.map((name) => name.split('.')[0]));
    expect(states.filter((state) => !saved.has(state))).toEqual([]);
  });

  test.each(files)('%s replays with the requireApproval of today', async (name) => {
    await replay(await load(name));
  });

  // One was cancelled before it had a child.
  const withChild = files.filter((name) => !name.startsWith('both-cancelled-before-a-change.'));
  test.each(withChild)('%s with another child does not', async (name) => {
    const history = await load(name);
    const initiated = history.events.find((e) => e.startChildWorkflowExecutionInitiatedEventAttributes);
    const child = initiated?.startChildWorkflowExecutionInitiatedEventAttributes;
    expect(child).toBeDefined();
    if (child) child.workflowType.name = 'somethingElse';
    await expect(replay(history)).rejects.toMatchObject({ name: 'DeterminismViolationError' });
  });
});
