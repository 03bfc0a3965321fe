import { expect, test } from 'vitest';
import { calls } from '../../api/calls.ts';
import { forwardedCalls, isForwarded } from '../../console/forwarded-calls.ts';

const named = ({ method, path }: { readonly method: string; readonly path: string }) =>
  `${method.toUpperCase()} ${path}`;

/** What makes credentials, what sends the log elsewhere, what ends changes of others by the dozen, what has a way of its own (console/codec.ts), and what is nobody's. */
const notForwarded =
  /^\w+ (\/v1\/(tokens|subscriptions|policy-revocations|payloads|inbound)(\/.*)?|\/(healthz|readyz|metrics|\.well-known\/.*))$/;

test('each call of the API is forwarded, or is one of those that are meant not to be', () => {
  const forwarded = new Set(forwardedCalls.map(named));
  for (const call of calls.map(named)) {
    expect(forwarded.has(call), call).toBe(!notForwarded.test(call));
  }
});

const id = '0f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42';

test.each([
  ['GET', '/v1/changes', true],
  ['GET', `/v1/changes/${id}`, true],
  ['GET', `/v1/changes/${id}/events`, true],
  ['POST', `/v1/changes/${id}/decisions`, true],
  ['GET', '/v1/audit/entries/17/proof', true],
  ['PUT', `/v1/changes/${id}`, false],
  ['HEAD', '/v1/changes', false],
  ['OPTIONS', '/v1/changes', false],
  ['POST', '/v1/tokens', false],
  ['GET', '/v1/tokens', false],
  ['POST', '/v1/subscriptions', false],
  ['POST', '/v1/policy-revocations', false],
  ['POST', '/v1/inbound/slack', false],
  ['GET', '/metrics', false],
  ['GET', '/openapi.json', false],
  ['GET', '/v1/changes/', false],
  ['GET', '/v1/changes/a/b', false],
  ['GET', '/V1/changes', false],
  ['GET', '//v1/changes', false],
  ['GET', '/v1', false],
])('%s %s', (method, path, forwarded) => {
  expect(isForwarded(method, path)).toBe(forwarded);
});
