import { expect, test } from 'vitest';
import { returnPath } from '../../console/return-to.ts';

test.each([
  ['/', '/'],
  ['/changes/0f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42', '/changes/0f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42'],
  ['/changes?decisionStatus=pending&q=a%20b', '/changes?decisionStatus=pending&q=a%20b'],
  ['/changes#notes', '/changes'],
  ['/changes/../audit', '/audit'],
  ['/apiary', '/apiary'],
])('a path of the page, %s, is where a login leads: %s', (wanted, path) => {
  expect(returnPath(wanted)).toBe(path);
});

test.each([
  ['nothing', undefined],
  ['two of them', ['/a', '/b']],
  ['an empty one', ''],
  ['another host', 'https://elsewhere.example/'],
  ['another host without a scheme', '//elsewhere.example/'],
  ['by a backslash', '/\\elsewhere.example/'],
  ['by backslashes alone', '\\\\elsewhere.example'],
  ['by a tab between the slashes', '/\t/elsewhere.example'],
  ['by a line end', '/\n/elsewhere.example'],
  ['by dots before two slashes', '/..//elsewhere.example'],
  ['by dots that are escaped', '/%2e%2e//elsewhere.example'],
  ['by a user', 'https://console.invalid@elsewhere.example/'],
  ['a script', 'javascript:alert(1)'],
  ['a relative one', 'changes'],
  ['a header', '/a\r\nSet-Cookie: a=b'],
  ['a call', '/api/v1/changes'],
  ['the login itself', '/session/login?returnTo=/'],
  ['what says that it failed', '/login?failed=denied'],
  ['one too long', `/${'a'.repeat(1000)}`],
  ['one too long as it is sent', `/changes?requester=${'上海'.repeat(100)}`],
])('%s leads to the first page', (_what, wanted) => {
  expect(returnPath(wanted)).toBe('/');
});

test('wherever it leads, it is here: as an address of the console and as a browser would take it by itself', () => {
  const pieces = [
    '/',
    '//',
    '\\',
    '..',
    '.',
    '%2f',
    '%5c',
    '@',
    ':',
    'a',
    'elsewhere.example',
    '?',
    '#',
    '\t',
  ];
  for (const a of pieces) {
    for (const b of pieces) {
      for (const c of pieces) {
        const path = returnPath(`/${a}${b}${c}`);
        expect(new URL(path, 'https://console.example').origin).toBe('https://console.example');
      }
    }
  }
});
