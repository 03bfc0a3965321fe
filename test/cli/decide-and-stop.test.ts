import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestToDecide } from '../../cli/digest-to-decide.ts';
import { startApiStack } from '../api/api-stack.ts';
import type { ApiStack } from '../api/api-stack.ts';

/* What the command line says while no worker is there, of an API that is. */

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const id = '11111111-1111-4111-8111-111111111111';
let stack: ApiStack;

beforeAll(async () => {
  stack = await startApiStack();
});
afterAll(() => stack.stop());

async function countersign(as: string, ...args: string[]): Promise<{ code: unknown; output: string }> {
  const env = {
    PATH: process.env.PATH,
    COUNTERSIGN_URL: stack.api.url,
    COUNTERSIGN_TOKEN: await stack.api.tokenOf(as),
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });
}

test('an accepted word to stop is shown, with who said it', async () => {
  const { id: asked } = await stack.stored();
  await stack.testbed.client.workflow.start('change', {
    workflowId: `change-${asked}`,
    taskQueue: 'countersign',
  });
  const { code, output } = await countersign('alice', 'change', 'withdraw', asked, '--comment', 'not now');
  expect([code, output]).toEqual([0, expect.stringContaining('decision    pending')]);
  const said =
    /^stop {8}withdraw by Alice \S+ at \d{4}-\S+Z \(accepted; a worker ends the change\): not now$/m;
  expect(output).toMatch(said);
  expect((await countersign('bob', 'change', 'show', asked)).output).toMatch(said);
});

test('a decision on a change whose target was not read says so', async () => {
  const { id: asked } = await stack.stored({ snapshot: null, digest: null });
  for (const decision of ['approve', 'reject']) {
    const { code, output } = await countersign('bob', 'change', decision, asked);
    expect([code, output]).toEqual([1, expect.stringContaining('has not been read yet')]);
    expect(output).not.toContain('Invalid string');
  }
  const { output } = await countersign('bob', '--json', 'change', 'approve', asked);
  expect(output).toContain('"code":"not_awaiting_decision"');
});

const pending = {
  id,
  digest: null,
  decisionStatus: 'pending',
  executionStatus: 'not_started',
  closedAt: null,
} as const;
const closedAt = '2026-11-30T12:00:00.000Z';
test.each([
  ['a digest is there', { ...pending, digest: 'd' }, 'd'],
  ['its target was not read', pending, 'not_awaiting_decision'],
  [
    'it was withdrawn before',
    { ...pending, decisionStatus: 'withdrawn', closedAt } as const,
    'already_decided',
  ],
  ['it was refused', { ...pending, decisionStatus: 'refused', closedAt } as const, 'already_decided'],
])('the digest to decide on where %s: %s', (_name, change, said) => {
  const answer = () => {
    try {
      return digestToDecide(change);
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(answer()).toBe(said);
});
