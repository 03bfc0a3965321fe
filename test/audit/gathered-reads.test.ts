import { expect, test } from 'vitest';
import { gatherReads } from '../../audit/gathered-reads.ts';
import { inclusionProof } from '../../audit/merkle.ts';
import type { HashReader } from '../../audit/merkle.ts';
import { memoryLog } from './tree-fixture.ts';

test('proofs that are asked for together are read once, and are the same', async () => {
  const log = memoryLog('log.example');
  log.grow(...Array.from({ length: 77 }, (_, n) => `entry ${n}`));
  const reads: number[] = [];
  const counted: HashReader = (nodes) => {
    reads.push(nodes.length);
    return log.read(nodes);
  };
  const read = gatherReads(counted);
  const all = Array.from({ length: 77 }, (_, index) => index);
  const proofs = await Promise.all(all.map((index) => inclusionProof(index, 77, read)));
  expect(proofs).toEqual(await Promise.all(all.map((index) => inclusionProof(index, 77, log.read))));
  expect(reads).toHaveLength(1);
  expect(reads[0]).toBeLessThan(2 * 77);
});

test('a read that fails fails for all who asked, and for nobody later', async () => {
  let isBroken = true;
  const log = memoryLog('log.example');
  log.grow('a', 'b');
  const read = gatherReads((nodes) => (isBroken ? Promise.reject(new Error('away')) : log.read(nodes)));
  const both = await Promise.allSettled([inclusionProof(0, 2, read), inclusionProof(1, 2, read)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isBroken = false;
  expect(await inclusionProof(0, 2, read)).toHaveLength(1);
});
