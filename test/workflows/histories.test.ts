import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { historiesFolder, replay } from '../support/replay.ts';

interface SavedHistory {
  events: {
    workflowExecutionStartedEventAttributes?: { workflowId: string };
    activityTaskScheduledEventAttributes?: { activityType: { name: string } };
  }[];
}

const files = (await readdir(historiesFolder)).filter((name) => name.endsWith('.json')).sort();
const load = async (name: string) =>
  JSON.parse(await readFile(join(historiesFolder, name), 'utf8')) as SavedHistory;

function workflowIdIn(history: SavedHistory): string {
  return history.events[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? '';
}

/** Every state in which a change, or a gate, may be when a new version is rolled out. */
const states = [
  'pending',
  'scheduled',
  'paused',
  'drifted',
  'succeeded-after-retries',
  'reconciled',
  'failed',
  'failed-at-execute-by',
  'outcome-unknown',
  'abandoned',
  'rejected',
  'expired',
  'withdrawn',
  'refused',
  'hosted-succeeded',
  'gate-pending',
  'gate-succeeded',
  'gate-rejected',
  'gate-cancelled',
  'gate-followed',
  'gate-refused',
];

describe('saved histories', () => {
  test('there is one for every state', () => {
    const saved = new Set(files.map((name) => name.split('.')[0]));
    expect(states.filter((state) => !saved.has(state))).toEqual([]);
  });

  test.each(files)('%s replays with the workflows of today', async (name) => {
    const history = await load(name);
    await replay(history, workflowIdIn(history));
  });

  test.each(files)('%s with another activity does not', async (name) => {
    const history = await load(name);
    const scheduled = history.events.find((event) => event.activityTaskScheduledEventAttributes);
    expect(scheduled).toBeDefined();
    if (scheduled?.activityTaskScheduledEventAttributes) {
      scheduled.activityTaskScheduledEventAttributes.activityType.name = 'somethingElse';
    }
    await expect(replay(history, workflowIdIn(history))).rejects.toMatchObject({
      name: 'DeterminismViolationError',
    });
  });
});
