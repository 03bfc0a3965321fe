import { expect, test } from 'vitest';
import { CountersignError } from '../../domain/error.ts';
import { endpointOf } from '../../onsmqtt/endpoint.ts';

test.each([
  ['http://127.0.0.1:41234', '127.0.0.1:41234', 'HTTP'],
  ['http://127.0.0.1:41234/', '127.0.0.1:41234', 'HTTP'],
  ['http://LOCALHOST:8080', 'localhost:8080', 'HTTP'],
  ['http://[::1]:8080', '[::1]:8080', 'HTTP'],
  ['http://[0:0:0:0:0:0:0:1]:8080', '[::1]:8080', 'HTTP'],
  // The URL standard reads these as 127.0.0.1, and what it read is what is connected to.
  ['http://0x7f.1:80', '127.0.0.1', 'HTTP'],
  ['http://2130706433', '127.0.0.1', 'HTTP'],
  ['https://onsmqtt-vpc.cn-hangzhou.aliyuncs.com', 'onsmqtt-vpc.cn-hangzhou.aliyuncs.com', 'HTTPS'],
  ['https://onsmqtt.cn-hangzhou.aliyuncs.com:8443', 'onsmqtt.cn-hangzhou.aliyuncs.com:8443', 'HTTPS'],
  ['https://127.0.0.1:8443', '127.0.0.1:8443', 'HTTPS'],
])('%s is %s over %s', (url, host, protocol) => {
  expect(endpointOf(url)('cn-hangzhou')).toEqual({ host, protocol });
});

test.each([
  ['http://onsmqtt.cn-hangzhou.aliyuncs.com', 'https'],
  ['http://127.0.0.1.evil.com', 'https'],
  ['http://localhost.', 'https'],
  ['http://localhost.evil.com', 'https'],
  ['http://0.0.0.0', 'https'],
  ['http://[::]', 'https'],
  ['http://[::ffff:127.0.0.1]', 'https'],
  ['http://[::ffff:10.0.0.1]', 'https'],
  ['http://[fe80::1]', 'https'],
  ['http://evil.com\\@127.0.0.1', 'no_path'],
  ['http://localhost@evil.com', 'no_user'],
  ['http://127.0.0.1:80@evil.com', 'no_user'],
  ['https://key:secret@onsmqtt.cn-hangzhou.aliyuncs.com', 'no_user'],
  ['https://onsmqtt.cn-hangzhou.aliyuncs.com/path', 'no_path'],
  ['https://onsmqtt.cn-hangzhou.aliyuncs.com/?a=b', 'no_path'],
  ['https://onsmqtt.cn-hangzhou.aliyuncs.com/#a', 'no_path'],
  ['ftp://127.0.0.1', 'url'],
  ['file:///etc/passwd', 'url'],
  ['localhost:8080', 'url'],
  ['127.0.0.1:8080', 'url'],
  ['https://', 'url'],
  ['', 'url'],
])('%s is refused by the rule %s', (url, rule) => {
  const error = refusalOf(() => endpointOf(url));
  expect(error.code).toBe('invalid_configuration');
  expect(error.errors).toMatchObject([{ field: 'ONSMQTT_ENDPOINT', rule }]);
  expect(`${error.message}${JSON.stringify(error.errors)}`).not.toContain('secret');
});

test("without a URL it is the region's own, over HTTPS", () => {
  expect(endpointOf(undefined)('eu-central-1')).toEqual({
    host: 'onsmqtt.eu-central-1.aliyuncs.com',
    protocol: 'HTTPS',
  });
});

function refusalOf(work: () => unknown): CountersignError {
  try {
    work();
  } catch (error) {
    if (error instanceof CountersignError) return error;
  }
  throw new Error('expected a CountersignError');
}
