import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { workflowBundle } from '../../cli/workflow-bundle.ts';
import { PROJECT_HOME } from '../support/stack.ts';

test('a change loads our code, the one of Temporal and canonical JSON, and no schema library', async () => {
  const { codePath } = await workflowBundle(PROJECT_HOME);
  const code = await readFile(codePath, 'utf8');
  const [, map = ''] = /sourceMappingURL=data:[^,]*,(\S+)/.exec(code) ?? [];
  const { sources } = JSON.parse(Buffer.from(map, 'base64').toString()) as { sources: string[] };
  expect(sources.some((path) => path.endsWith('/workflows/change.ts'))).toBe(true);
  // The workflow knows no operation: the first activity reads the input and answers the target.
  expect(sources.filter((path) => /\/operations\/[^/]+$/.test(path))).toEqual([]);
  const packages = new Set(sources.map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]));
  packages.delete(undefined);
  // A schema library here costs each waiting change about a megabyte of the worker.
  expect([...packages].sort()).toEqual([
    '@temporalio/common',
    '@temporalio/workflow',
    'canonicalize',
    'long',
    'ms',
    'nexus-rpc',
  ]);
  expect(code.length).toBeLessThan(2_520_000);
});
