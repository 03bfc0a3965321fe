import { expect, test } from 'vitest';
import { isSameBlock } from '../../domain/block.ts';
import type { Block } from '../../domain/block.ts';

const block: Block = { kind: 'ticket', reason: 'OPS-1 is closed (Done)', until: null, freezeId: null };

test.each<[string, Partial<Block>, boolean]>([
  ['itself', {}, true],
  ['another reason', { reason: 'OPS-1 is on hold' }, false],
  ['another kind', { kind: 'window' }, false],
  ['another end', { until: '2026-11-29T11:00:00.000Z' }, false],
  ['another freeze', { freezeId: '7f1c7f2e-6a39-4b9c-9d1a-0d2f3c5b8a10' }, false],
])('compared with %s', (_what, more, isSame) => {
  expect(isSameBlock(block, { ...block, ...more })).toBe(isSame);
});
