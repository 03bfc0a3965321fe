import { expect, test } from 'vitest';
import { CountersignError } from '../../domain/error.ts';
import { servedRegion } from '../../onsmqtt/region.ts';

test.each<[string | undefined, string | undefined, string]>([
  ['cn-shanghai', undefined, 'cn-shanghai'],
  ['cn-shanghai', 'http://127.0.0.1:8280', 'cn-shanghai'],
  ['cn-shanghai', 'https://proxy.example.com', 'cn-shanghai'],
  ['cn-shanghai', 'https://onsmqtt.cn-shanghai.aliyuncs.com', 'cn-shanghai'],
  [undefined, 'https://onsmqtt.eu-central-1.aliyuncs.com', 'eu-central-1'],
  [undefined, 'https://onsmqtt-vpc.cn-beijing.aliyuncs.com:8443', 'cn-beijing'],
  [undefined, 'https://ONSMQTT.CN-Hangzhou.aliyuncs.com', 'cn-hangzhou'],
  [undefined, 'http://localhost:8280', 'cn-hangzhou'],
  [undefined, 'http://[::1]:8280', 'cn-hangzhou'],
])('region %s and endpoint %s serve %s', (region, endpoint, served) => {
  expect(servedRegion(region, endpoint)).toBe(served);
});

test.each<[string | undefined, string | undefined, string]>([
  [undefined, undefined, 'required'],
  [undefined, 'https://proxy.example.com', 'required'],
  // Whose names they are is not known.
  [undefined, 'https://onsmqtt.cn-hangzhou.aliyuncs.com.example', 'required'],
  [undefined, 'https://x.onsmqtt.cn-hangzhou.aliyuncs.com', 'required'],
  ['cn-shanghai', 'https://onsmqtt-vpc.cn-hangzhou.aliyuncs.com', 'same_region'],
])('region %s and endpoint %s are refused by the rule %s', (region, endpoint, rule) => {
  let error: unknown;
  try {
    servedRegion(region, endpoint);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(CountersignError);
  expect(error).toMatchObject({
    code: 'invalid_configuration',
    errors: [{ field: 'ONSMQTT_REGION', rule }],
  });
});
