import { createHash } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDirectory } from '../../cli/directory.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { readDirectory } from '../../policies/directory.ts';
import type { Directory } from '../../policies/directory.ts';
import { decide, entriesOf, inMs, stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;
let file: string;
/** As the API has read it. */
let directory: Directory;

/** The file as an operator renames it into place. */
async function write(text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}
const plant = (...subjects: string[]) =>
  `groups:\n  plant:\n${subjects.map((s) => `    - { issuer: "${testbed.identity.issuer}", subject: ${s} }\n`).join('')}`;
/** An operator changes the file and has the API read it. */
async function list(...subjects: string[]): Promise<void> {
  await write(plant(...subjects));
  ({ directory } = await readDirectory(file));
}
const typesOf = async (id: string) => (await entriesOf(api.users.dave, id)).map((e) => e.type);

beforeAll(async () => {
  testbed = await startTestbed();
  file = join(testbed.home, 'directory.yaml');
  await list('bob');
  const env = readEnvironment({ COUNTERSIGN_HOME: testbed.home, COUNTERSIGN_DIRECTORY: file });
  const { digest: _, ...rest } = fourEyes;
  const members = {
    ...rest,
    name: 'directory',
    stages: [{ name: 'plant', groups: [{ group: 'plant', threshold: 2 }] }],
    groups: { plant: { source: 'directory' } },
  } as const;
  const digest = createHash('sha256').update(canonicalJson(members)).digest('hex');
  const rules = [{ policy: { ...members, digest }, match: {} }];
  [api, workers] = await Promise.all([
    startApi(testbed, { policies: { current: () => ({ rules, directory }) } }),
    startWorkers(testbed, await openDirectory(env, pino({ level: 'silent' }))),
  ]);
  steps = stepsOf(api);
});
afterAll(async () => {
  expect(await replayAll(testbed)).toBeGreaterThan(1);
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

test('who is new in the directory and decides before the worker has read it again has not left', async () => {
  await list('bob', 'carol');
  const change = await steps.asked(await testbed.certificate());
  await decide(api.users.bob, change);
  await decide(api.users.carol, change);
  expect(await steps.ended(change.id)).toMatchObject({ executionStatus: 'succeeded' });
  expect(await typesOf(change.id)).not.toContain('decision.lapsed');
});

test('a directory that cannot be read says of nobody that they have left: the call waits for it', async () => {
  await list('bob', 'carol', 'frank');
  const sn = await testbed.certificate();
  const change = await steps.asked(sn);
  await write('groups: [');
  await decide(api.users.bob, change);
  await decide(api.users.frank, change);
  const handle = testbed.client.workflow.getHandle(`change-${change.id}`);
  await eventually(async () => {
    const { raw } = await handle.describe();
    return raw.pendingActivities?.some(({ attempt }) => (attempt ?? 0) >= 2) ? true : null;
  });
  expect(await testbed.calls(sn)).toEqual([]);
  await list('bob', 'carol', 'frank');
  expect(await steps.ended(change.id)).toMatchObject({ executionStatus: 'succeeded' });
  expect(await typesOf(change.id)).not.toContain('decision.lapsed');
});

test('who has left the file before the call has left, whatever the API has read', async () => {
  await list('bob', 'carol', 'erin');
  const sn = await testbed.certificate();
  // Later than two decisions take, and than the worker reads the file again by itself.
  const change = await steps.asked(sn, { executeAfter: inMs(20_000) });
  await decide(api.users.bob, change);
  expect(await decide(api.users.carol, change)).toMatchObject({ decisionStatus: 'approved' });
  // The API has not heard of it.
  await write(plant('bob', 'frank'));
  const waiting = await changeThat(api.users.alice, change.id, (c) => c.decisions.some((d) => !d.counts));
  expect(waiting).toMatchObject({ decisionStatus: 'pending', missing: [{ group: 'plant', seats: 1 }] });
  expect(await testbed.calls(sn)).toEqual([]);
  ({ directory } = await readDirectory(file));
  await decide(api.users.frank, change);
  expect(await steps.ended(change.id)).toMatchObject({ executionStatus: 'succeeded' });
});
