import { expect, test } from 'vitest';
import { globMatches } from '../../domain/glob.ts';

test.each<[string, string, boolean]>([
  ['*', '', true],
  ['post-cn-*', 'post-cn-1', true],
  ['post-cn-?', 'post-cn-12', false],
  ['*a*b', 'xaxxb', true],
  ['*a*b', 'xaxxbc', false],
  ['a.c', 'abc', false],
  ['', 'a', false],
  ['?', '', false],
  ['?*', 'a', true],
  ['a?c', 'abc', true],
  ['**', 'anything', true],
  [`${'*a'.repeat(40)}b`, 'a'.repeat(2000), false],
])('pattern %j, text %j: %s', (pattern, text, expected) => {
  expect(globMatches(pattern, text)).toBe(expected);
});
