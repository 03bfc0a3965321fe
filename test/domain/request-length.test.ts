import { expect, test } from 'vitest';
import { readHostRequest } from '../../activities/host-request.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { maxEntryBytes } from '../../domain/entry.ts';
import { longestMs } from '../../domain/duration.ts';
import { mostRequestLength, requestLengthFault } from '../../domain/request-length.ts';
import { gateRequestSchema } from '../../operations/gate-contract.ts';

/* A rule that refuses before the service is asked must never refuse what the service would take. */

// Of everything that a text may have, this takes the most characters of JSON.
const longest = (characters: number) => `a${'\n'.repeat(characters - 2)}b`;
const input = { a: 'a'.repeat(maxEntryBytes - '{"a":""}'.length) };
const asked = {
  operation: '"'.repeat(100),
  operationVersion: longest(32),
  input,
  justification: longest(2000),
  requester: { issuer: longest(500), subject: longest(500) },
  ticket: {
    system: '"'.repeat(100),
    id: '"'.repeat(200),
    url: `https://tickets.example/${'x'.repeat(1976)}`,
  },
  key: longest(200),
  decideWithinMs: longestMs,
  executeWithinMs: longestMs,
};

test('the longest request that a host in TypeScript may make is not too long', () => {
  const sent = { ...asked, tellsOpened: true, submission: null, id: '6e1a0b8e-1111-4222-8333-444455556666' };
  readHostRequest(sent);
  expect(JSON.stringify(input)).toHaveLength(maxEntryBytes);
  expect(requestLengthFault(canonicalJson(sent))).toBeNull();
});

test('nor is the longest one of a gate', () => {
  const sent = { ...asked, onCancel: 'withdraw', openedSignal: longest(200) };
  gateRequestSchema.parse(sent);
  expect(requestLengthFault(canonicalJson(sent))).toBeNull();
});

test('one character more than two entries have is too much', () => {
  expect(requestLengthFault('a'.repeat(mostRequestLength))).toBeNull();
  expect(requestLengthFault('a'.repeat(mostRequestLength + 1))).not.toBeNull();
});
