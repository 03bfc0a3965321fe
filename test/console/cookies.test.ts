import { expect, test } from 'vitest';
import { cookiesIn, cookiesOf } from '../../console/cookies.ts';

test('over TLS a cookie has the prefix that no neighbour, no other path and no script can write', () => {
  const cookies = cookiesOf(new URL('https://console.example'));
  expect(cookies.session).toBe('__Host-Http-countersign');
  expect(cookies.attempt('state')).toMatch(/^__Host-Http-countersign-login-[\w-]{16}$/);
  // What the prefix demands, and what keeps it from other sites.
  expect(cookies.ofSession).toEqual({ httpOnly: true, secure: true, path: '/', sameSite: 'strict' });
  expect(cookies.ofAttempt).toEqual({ httpOnly: true, secure: true, path: '/', sameSite: 'lax' });
});

test('on loopback without TLS it is not Secure, and two consoles of one machine do not take each other’s', () => {
  const [one, other] = ['8090', '8091'].map((port) => cookiesOf(new URL(`http://localhost:${port}`)));
  expect(one?.session).toBe('countersign-8090');
  expect(other?.session).toBe('countersign-8091');
  expect(one?.ofSession).toEqual({ httpOnly: true, secure: false, path: '/', sameSite: 'strict' });
  expect(other?.isAttempt(one?.attempt('state') ?? '')).toBe(false);
});

test('each attempt to log in has its own', () => {
  const cookies = cookiesOf(new URL('https://console.example'));
  expect(cookies.attempt('one')).not.toBe(cookies.attempt('other'));
  expect(cookies.isAttempt(cookies.attempt('one'))).toBe(true);
  expect(cookies.isAttempt(cookies.session)).toBe(false);
});

test.each<[string | undefined, [string, string][]]>([
  [undefined, []],
  ['', []],
  [
    'a=1; b=2',
    [
      ['a', '1'],
      ['b', '2'],
    ],
  ],
  [
    'a=1=2;b=',
    [
      ['a', '1=2'],
      ['b', ''],
    ],
  ],
  ['a=first; a=second', [['a', 'first']]],
  ['=x; ; y', []],
])('the cookies of %j', (header, cookies) => {
  expect([...cookiesIn(header)]).toEqual(cookies);
});
