import { expect, test } from 'vitest';
import { hostPatternsOf, isAllowedHost } from '../../domain/host.ts';

const host = { namespace: 'default', workflowId: 'w', runId: 'r', type: 'moveLine' };

test.each<[string, boolean]>([
  ['default/moveLine', true],
  ['other/x, default/moveLine', true],
  ['*/*', true],
  ['default/move*', true],
  ['def?ult/moveLine', true],
  ['other/moveLine', false],
  ['default/movelINE', false],
  ['default/moveLines', false],
  ['default/move', false],
  ['default/a/moveLine', false],
])('%s allows the workflow moveLine of default: %s', (text, allowed) => {
  expect(isAllowedHost(hostPatternsOf(text) ?? [], host)).toBe(allowed);
});

test.each(['', 'moveLine', '/moveLine', 'default/', 'default/moveLine,', 'a b/c', ' / '])(
  '%j lists no hosts',
  (text) => {
    expect(hostPatternsOf(text)).toBeNull();
  },
);

test('a workflow type may have a slash', () => {
  expect(hostPatternsOf('default/lines/move')).toEqual([{ namespace: 'default', type: 'lines/move' }]);
});

test('nobody is allowed where nobody is listed', () => {
  expect(isAllowedHost([], host)).toBe(false);
});
