import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { JsonObject } from '../../domain/json.ts';
import { defineOperation } from '../../operations/define-operation.ts';
import { faultOf, readInput } from '../../operations/inputs.ts';
import { refusalOf } from '../../operations/refusal-of.ts';
import { makeOperations } from '../../operations/registry.ts';

/* Definitions of an installation's own that are not as they should be: nothing comes of them, and nothing throws. */

const text = z.strictObject({ n: z.string() });
const usual = {
  ...{ name: 'Own', version: '1', title: 'An own one', service: 'own', scope: ['n'] },
  input: text as z.ZodType<JsonObject>,
  target: (input: JsonObject) => {
    const n = JSON.stringify(input['n']);
    return { id: `own/${n}`, scope: { n }, label: n };
  },
  refusal: () => null,
  achieved: () => false,
  identity: (snapshot: JsonObject) => snapshot,
  present: () => [],
};
const define = (changed: object) => defineOperation<JsonObject, JsonObject>({ ...usual, ...changed });
const read = (changed: object, input: JsonObject) =>
  readInput(makeOperations([define(changed)]), { operation: 'Own', input });

test.each<[string, object, JsonObject, object]>([
  ['text', {}, { n: 'a' }, { n: 'a' }],
  ['a default', { input: z.strictObject({ n: z.string().default('d') }) }, {}, { n: 'd' }],
  ['blanks that are cut off', { input: z.strictObject({ n: z.string().trim() }) }, { n: ' a ' }, { n: 'a' }],
  ['what is coerced', { input: z.strictObject({ n: z.coerce.string() }) }, { n: 5 }, { n: '5' }],
])('%s is read', (_what, changed, input, expected) => {
  expect(read(changed, input)).toMatchObject({ fault: null, input: expected });
});

test('an input that no entry could hold is a fault before its schema sees it', () => {
  let seen = 0;
  const input = text.refine(() => {
    seen += 1;
    return true;
  });
  expect(read({ input }, { n: 'x'.repeat(32_768) })).toEqual({
    fault: 'Own: the input is longer than the 32768 bytes of an entry',
  });
  expect(seen).toBe(0);
});

const target = (given: unknown) => ({ target: () => given });
test.each<[string, object, string]>([
  [
    'a schema that makes something else',
    { input: z.strictObject({ n: z.string().transform(Number).pipe(z.number()) }) },
    'does not read again',
  ],
  [
    'a schema that makes more each time',
    { input: z.strictObject({ n: z.preprocess((n) => `${String(n)}+`, z.string()) }) },
    'does not read again',
  ],
  ['a schema that asks somebody', { input: text.refine(() => Promise.resolve(true)) }, 'synchronous'],
  [
    'a target that throws',
    {
      target() {
        throw new Error('no such tenant');
      },
    },
    'no such tenant',
  ],
  ['no target', target(undefined), 'target'],
  ['a target that is a promise', target(Promise.resolve({ id: 'a', scope: {}, label: 'b' })), 'target'],
  ['a target without an id', target({ id: '', scope: {}, label: 'b' }), 'target.id'],
  ['a target with more', target({ id: 'a', scope: {}, label: 'b', more: 1 }), 'target'],
  ['a scope with a number', target({ id: 'a', scope: { n: 5 }, label: 'b' }), 'target.scope.n'],
  ['a member that is not listed', target({ id: 'a', scope: { m: 'x' }, label: 'b' }), 'scope has m'],
  [
    'a member that nobody sees',
    target({ id: 'a', scope: JSON.parse('{"__proto__":"x"}') as object, label: 'b' }),
    '__proto__',
  ],
])('%s is a fault', (_what, changed, named) => {
  expect(read(changed, { n: '7' }).fault).toContain(named);
  const asked = { operation: 'Own', input: { n: '7' }, target: { id: 'own/7', scope: {}, label: '7' } };
  expect(faultOf(makeOperations([define(changed)]), asked)).toContain(named);
});

describe('what a definition says of a snapshot', () => {
  const asks = (refusal: (snapshot: JsonObject | null) => unknown) =>
    refusalOf(define({ refusal: (snapshot: JsonObject | null) => snapshot && refusal(snapshot) }), {}, 0);
  test.each<[string, (snapshot: JsonObject | null) => unknown, object | null]>([
    ['nothing', () => null, null],
    ['a reason', () => ({ code: 'c', message: 'm', more: 1 }), { code: 'c', message: 'm' }],
    [
      'a reason that no entry holds',
      () => ({ code: 'c'.repeat(40_000), message: '\ud800'.repeat(40_000) }),
      { code: 'c'.repeat(200), message: '\ufffd'.repeat(500) },
    ],
    ['nothing at all', () => undefined, { code: 'definition_failed' }],
    ['yes', () => true, { code: 'definition_failed' }],
    ['a promise', () => Promise.resolve(null), { code: 'definition_failed' }],
    ...['succeeded', 'workflow_ended', 'rejected', 'ticket_closed'].map(
      (code): [string, () => unknown, object] => [
        `Countersign’s own ${code}`,
        () => ({ code, message: 'm' }),
        { code: 'definition_failed', message: expect.stringContaining(code) as string },
      ],
    ),
    [
      'an error',
      (snapshot) => (snapshot as { a: { b: null } }).a.b,
      { code: 'definition_failed', message: expect.stringContaining('Own') as string },
    ],
  ])('%s', (_what, refusal, expected) => {
    const answer = asks(refusal);
    if (expected === null) expect(answer).toBeNull();
    else expect(answer).toMatchObject(expected);
  });
});
