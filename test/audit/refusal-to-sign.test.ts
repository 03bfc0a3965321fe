import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { refusalByOthers, refusalToSign } from '../../audit/refusal-to-sign.ts';
import type { OtherEvidence, SigningEvidence, SigningRefusal } from '../../audit/refusal-to-sign.ts';

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

const quiet: OtherEvidence = { anchored: null, tilesAtAnchored: null, objection: null };
const known = (size: number, at: string, tiles: string | null): OtherEvidence => ({
  ...quiet,
  anchored: { size, root: root(at) },
  tilesAtAnchored: tiles === null ? null : root(tiles),
});
const says = (kind: 'ahead' | 'differs'): OtherEvidence => ({
  ...quiet,
  objection: { kind, origin: 'log.example', size: 9 },
});
test.each<[string, number, OtherEvidence, SigningRefusal | null]>([
  ['nobody knows anything', 5, quiet, null],
  ['the anchor is behind', 5, known(3, '3', '3'), null],
  ['the anchor is level', 5, known(5, '5', '5'), null],
  ['the anchor is ahead', 5, known(6, '6', null), 'anchor_ahead'],
  ['the anchor is ahead of a new memory', 0, known(6, '6', null), 'anchor_ahead'],
  ['the anchor has another tree', 5, known(3, 'x', '3'), 'anchor_differs'],
  ['the tree does not reach so far', 5, known(3, '3', null), 'anchor_differs'],
  ['the witness is ahead', 5, says('ahead'), 'witness_ahead'],
  ['the witness has another tree', 5, says('differs'), 'witness_differs'],
])('others: %s', (_, size, others, expected) => {
  expect(refusalByOthers({ size, root: root('5') }, others)).toBe(expected);
});
