import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { refusalToSign } from '../../audit/refusal-to-sign.ts';
import type { SigningEvidence, SigningRefusal } from '../../audit/refusal-to-sign.ts';

const root = (name: string): Buffer => createHash('sha256').update(name).digest();
const sound: SigningEvidence = {
  remembered: { size: 5, root: root('5') },
  published: { size: 5, root: root('5') },
  begun: true,
  size: 8,
  tilesThen: root('5'),
  tilesNow: root('8'),
  own: root('8'),
};
const fresh: SigningEvidence = {
  ...sound,
  remembered: null,
  published: null,
  begun: false,
  tilesThen: null,
  own: null,
};

const cases: [string, SigningEvidence, SigningRefusal | null][] = [
  ['a continuation', sound, null],
  ['the same tree again', { ...sound, size: 5, tilesNow: root('5'), own: root('5') }, null],
  ['a checkpoint signed, not published', { ...sound, published: { size: 3, root: root('3') } }, null],
  ['nothing published yet', { ...sound, published: null }, null],
  ['a quite new log', fresh, null],
  ['no memory of a log that has begun', { ...fresh, begun: true }, 'memory_missing'],
  ['a later checkpoint', { ...sound, published: { size: 6, root: root('6') } }, 'memory_behind'],
  ['another checkpoint of this size', { ...sound, published: { size: 5, root: root('x') } }, 'log_forked'],
  ['fewer entries', { ...sound, size: 4, tilesThen: null }, 'log_truncated'],
  ['a tree that ends too early', { ...sound, tilesThen: null }, 'log_truncated'],
  ['another past', { ...sound, tilesThen: root('x') }, 'log_rewritten'],
  ['an entry altered under its tile', { ...sound, own: root('x') }, 'tree_mismatch'],
  ['a tile altered over its entries', { ...sound, tilesNow: root('x') }, 'tree_mismatch'],
  ['a tile missing', { ...sound, tilesNow: null }, 'tree_mismatch'],
  ['an entry missing', { ...sound, own: null }, 'tree_mismatch'],
];
test.each(cases)('%s', (_, evidence, expected) => {
  expect(refusalToSign(evidence)).toBe(expected);
});
