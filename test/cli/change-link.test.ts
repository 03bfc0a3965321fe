import { expect, test } from 'vitest';
import { changeLinks } from '../../cli/change-link.ts';

const at = (CONSOLE_URL: string | undefined) => ({ CONSOLE_URL, CONSOLE_PORT: 8090 });

test.each([
  ['nowhere', undefined, undefined, null],
  ['in the console', 'https://console.example', undefined, 'https://console.example/changes/an-id'],
  [
    'where the integrations say',
    undefined,
    'https://x.example/{id}?a={id}',
    'https://x.example/an-id?a=an-id',
  ],
  [
    'there also beside a console',
    'https://console.example',
    'https://x.example/{id}',
    'https://x.example/an-id',
  ],
])('people find a change %s', (_where, url, changeUrl, link) => {
  expect(changeLinks(at(url), changeUrl)('an-id')).toBe(link);
});

test('a console without TLS is linked to on loopback alone', () => {
  expect(() => changeLinks(at('http://console.example'), undefined)).toThrow(
    expect.objectContaining({ code: 'invalid_configuration' }),
  );
});
