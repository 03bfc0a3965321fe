import { expect, test } from 'vitest';
import { makeOpenHosted } from '../../activities/open-hosted.ts';
import type { OpenForHost } from '../../activities/open-hosted.ts';
import type { Requested } from '../../domain/change-event.ts';

const host = { namespace: 'n', workflowId: 'w', runId: 'r', type: 't', firstRunId: null };
const open = { change: {}, host, asking: { parent: null }, tells: false } as unknown as OpenForHost;
const refused = { kind: 'refused', code: 'no_policy', message: 'none' } as const;
const input = { request: {}, ordinal: 1, readOrdinal: 1 };

/** What is answered where the first entry of this run is found at the looks that are `true`. */
async function answered(found: readonly boolean[], more: { cancelled?: boolean } = {}) {
  const looks = [...found];
  const steps: string[] = [];
  const step =
    <T>(name: string, value: T) =>
    () => {
      steps.push(name);
      return Promise.resolve(value);
    };
  const openHosted = makeOpenHosted({
    openedBefore: () => Promise.resolve(looks.shift() === true ? ({} as Requested) : null),
    again: step('again', open),
    prepare: step('prepare', refused),
    encodingFor: () => Promise.resolve('json/plain'),
    toldOf: () => ({ host, url: null, hidesTarget: false }),
    open: step('open', { kind: 'opened', changeId: 'c' } as const),
    read: step('read', null),
    endWithHost: () => Promise.resolve(false),
  });
  return { kind: (await openHosted({ ...input, ...more })).kind, steps };
}

test('what this run has opened is answered before anything is judged', async () => {
  expect(await answered([true])).toEqual({ kind: 'opened', steps: ['again', 'read'] });
});

test('a refusal stands where this run has opened nothing, not even meanwhile', async () => {
  expect(await answered([false, false])).toEqual({ kind: 'refused', steps: ['prepare'] });
});

test('a refusal does not stand where another attempt has opened it meanwhile', async () => {
  expect(await answered([false, true])).toEqual({ kind: 'opened', steps: ['prepare', 'again', 'read'] });
});

test('of a cancelled workflow nothing is opened or read, and what is open is answered', async () => {
  expect(await answered([false, false], { cancelled: true })).toEqual({ kind: 'cancelled', steps: [] });
  expect(await answered([true], { cancelled: true })).toEqual({ kind: 'opened', steps: ['again'] });
});
