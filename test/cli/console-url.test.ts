import { expect, test } from 'vitest';
import { consoleUrl } from '../../cli/console-url.ts';

test.each([
  [undefined, 'http://localhost:8090'],
  ['https://console.example', 'https://console.example'],
  ['https://console.example/', 'https://console.example'],
  ['https://console.example:8443', 'https://console.example:8443'],
  ['http://127.0.0.1:9000', 'http://127.0.0.1:9000'],
])('CONSOLE_URL %s: the console is at %s', (setting, origin) => {
  expect(consoleUrl({ CONSOLE_URL: setting, CONSOLE_PORT: 8090 }).origin).toBe(origin);
});

test.each([
  ['http://console.example', 'https'],
  ['https://console.example/console', 'origin'],
  ['https://console.example/?a=b', 'origin'],
  ['https://user@console.example', 'origin'],
])('CONSOLE_URL %s is refused', (setting, rule) => {
  expect(() => consoleUrl({ CONSOLE_URL: setting, CONSOLE_PORT: 8090 })).toThrow(
    expect.objectContaining({ code: 'invalid_configuration', errors: [expect.objectContaining({ rule })] }),
  );
});
