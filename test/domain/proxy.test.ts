import { expect, test } from 'vitest';
import { proxyFor } from '../../domain/proxy.ts';

const both = { http: 'http://plain:3128', https: 'http://secure:3128', none: '' };

test.each<[string, string, string | null]>([
  ['https://a.example', '', 'http://secure:3128'],
  ['http://a.example', '', 'http://plain:3128'],
  ['ftp://a.example', '', null],
  ['https://localhost', '', null],
  ['https://x.localhost:1', '', null],
  ['http://127.0.0.1:8080', '', null],
  ['http://127.9.9.9', '', null],
  ['http://[::1]:8080', '', null],
  ['http://100.100.100.200/latest', '', null],
  ['https://128.0.0.1', '', 'http://secure:3128'],
  ['https://localhost.example', '', 'http://secure:3128'],
  ['https://a.example', '*', null],
  ['https://a.example', 'a.example', null],
  ['https://A.Example.', 'a.EXAMPLE', null],
  ['https://b.a.example', 'a.example', null],
  ['https://b.a.example', '.a.example', null],
  ['https://b.a.example', '*.a.example', null],
  ['https://ba.example', 'a.example', 'http://secure:3128'],
  ['https://a.example', 'b.example, a.example', null],
  ['https://a.example', 'b.example a.example', null],
  ['https://a.example', 'a.example:443', null],
  ['https://a.example:8443', 'a.example:443', 'http://secure:3128'],
  ['https://a.example:8443', 'a.example:8443', null],
  ['https://10.0.0.1', '10.0.0.1', null],
  ['https://[fd00::1]', 'fd00::1', null],
  ['https://[fd00::1]:8443', '[fd00::1]:8443', null],
  ['https://[fd00::1]:8443', '[fd00::1]:443', 'http://secure:3128'],
  ['https://a.example', ',, ,', 'http://secure:3128'],
])('%s with NO_PROXY=%s goes by %s', (url, none, proxy) => {
  expect(proxyFor(new URL(url), { ...both, none })).toBe(proxy);
});

test('without a proxy for its protocol an address is reached directly', () => {
  expect(proxyFor(new URL('https://a.example'), { ...both, https: null })).toBeNull();
  expect(proxyFor(new URL('http://a.example'), { ...both, http: null })).toBeNull();
});
