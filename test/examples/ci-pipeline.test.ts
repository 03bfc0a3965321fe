import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { eventually, instance, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { decide } from '../support/steps.ts';

/* The job of docs/command-line.md, run as a runner would: its script by a shell, with its variables. */

const root = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'examples', 'ci-pipeline', 'gitlab-ci.yml'), 'utf8');
const { reactivate: job } = parse(text) as {
  reactivate: { script: string[]; variables: object; allow_failure: { exit_codes: number[] } };
};
let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers] = await Promise.all([startApi(testbed), startWorkers(testbed)]);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

async function run(pipeline: string, sn: string): Promise<unknown> {
  const env = {
    COUNTERSIGN_URL: api.url,
    COUNTERSIGN_TOKEN: await testbed.identity.tokenFor('alice'),
    CI_PIPELINE_ID: pipeline,
    CI_COMMIT_TAG: 'v4',
    TICKET: 'OPS-4711',
    SN: sn,
  };
  const script = job.script
    .join('\n')
    // From a clone, whose command is not installed, on the instance of the tests.
    .replace('npx countersign', `'${process.execPath}' '${join(root, 'cli', 'main.ts')}'`)
    .replace('post-cn-1', instance);
  return new Promise((resolve) => {
    execFile('bash', ['-e', '-c', script], { env }, (error) => resolve(error ? error.code : 0));
  });
}
const waiting = (sn: string) =>
  eventually(async () => {
    const { items } = await api.users.bob.list(new URLSearchParams({ sn, awaiting: 'me' }));
    return items[0] ? api.users.bob.change(items[0].id) : null;
  });

test('the documentation shows this very job, of ten lines at most', () => {
  expect(readFileSync(join(root, 'docs', 'command-line.md'), 'utf8')).toContain(text);
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(10);
  expect(Object.keys(job.variables)).toEqual(['COUNTERSIGN_URL']);
});

test('goes on once people have approved', async () => {
  const sn = await testbed.certificate();
  const ran = run('17', sn);
  const change = await waiting(sn);
  expect(change).toMatchObject({
    justification: 'release v4',
    ticket: { system: 'jira', id: 'OPS-4711' },
  });
  await decide(api.users.bob, change);
  expect(await ran).toBe(0);
});

test('ends with the code that it allows where somebody says no', async () => {
  const sn = await testbed.certificate();
  const ran = run('18', sn);
  await decide(api.users.bob, await waiting(sn), 'reject');
  expect(job.allow_failure.exit_codes).toContain(await ran);
});
