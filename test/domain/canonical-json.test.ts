import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { askedMembers } from '../../domain/asked.ts';
import { digestText, digestTextOf } from '../../domain/digest.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { person } from './decidable-fixture.ts';
import { submissionText } from '../../domain/submission.ts';
import { targetOf } from '../support/target.ts';

describe('canonical JSON (RFC 8785)', () => {
  test('sorts keys by UTF-16 code units and writes no blanks', () => {
    expect(canonicalJson({ b: [1, null, true], a: 'é', '\u{1F600}': 1, '\uFB33': 2 })).toBe(
      '{"a":"é","b":[1,null,true],"\u{1F600}":1,"\uFB33":2}',
    );
  });
  test.each([
    ['a float', { a: 1.5 }],
    ['an unsafe integer', { a: 2 ** 53 }],
    ['not a number', { a: NaN }],
    ['a lone surrogate', { a: '\uD800' }],
    ['a lone surrogate in a key', { '\uDC00': 1 }],
    ['U+0000', ['\u0000']],
    ['undefined', { a: undefined }],
    ['a Date', { a: new Date(0) }],
    ['a bigint', { a: 1n }],
    ['a function', { a: () => 1 }],
  ])('refuses %s', (_name, value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'invalid_request' }) as Error);
  });
  test('is the same for the same value, whatever the order of its keys', () => {
    const json = fc
      .jsonValue({ maxDepth: 3 })
      .filter((v) => !/\\u0000|\\ud[89a-f]|[.]\d|e[-+]?\d/i.test(JSON.stringify(v)));
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), json), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        let first: string;
        try {
          first = canonicalJson(value);
        } catch {
          return;
        }
        expect(canonicalJson(reversed)).toBe(first);
        expect(canonicalJson(JSON.parse(first))).toBe(canonicalize(value));
        expect(JSON.parse(first)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

test('what digests are made of is the canonical JSON of the whole, whoever has a part of it already', () => {
  const asked = {
    input: { b: 1, a: { '10': 1, '9': 2 } },
    target: targetOf('t"é', { sn: 'ü', '10': 'x', '9': 'y' }),
    requester: person('alice'),
    justification: 'w',
    ticket: { system: 's', id: 'i', url: null },
    breakGlass: true,
    policy: { ...fourEyes, name: 'ü"' },
    decideBy: '2026-12-01T09:00:00.000Z',
    executeAfter: null,
  };
  const clocks = { executeBy: '2026-12-02T09:00:00.000Z', executeWithinMs: 1000 };
  const pins = { operationVersion: '1', inputSchemaDigest: 'f'.repeat(64) };
  const change = { ...asked, operation: 'Op', ...pins, asked: clocks };
  const operation = { name: 'Op', version: '1', inputSchema: pins.inputSchemaDigest };
  const whole = { ...asked, ...clocks, operation };
  const snapshot = { z: null, é: 'ü"' };
  const digested = canonicalJson({ ...whole, snapshot, round: 2 });
  expect(digestTextOf(change, snapshot, 2)).toBe(digested);
  const members = askedMembers(change, canonicalJson(asked.policy));
  expect(digestText(members, snapshot, 2)).toBe(digested);
  // Whose scope or label is another one, is another target, whatever its id.
  for (const other of [
    { label: 'another' },
    { scope: { ...asked.target.scope, sn: 'another' } },
    { scope: {} },
  ]) {
    const altered = { ...change, target: { ...asked.target, ...other } };
    expect(digestTextOf(altered, snapshot, 2)).not.toBe(digested);
  }
  const submittedAt = '2026-11-24T09:00:00.000Z';
  expect(submissionText(members, submittedAt)).toBe(canonicalJson({ ...whole, submittedAt }));
});
