import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scanCanonical } from '../../audit/verify/scan-canonical.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';

const scanned = (text: string) => scanCanonical(Buffer.from(text));

test.each([
  '{}',
  '{"a":[],"b":{},"c":[{},[],""]}',
  '{"a":-1,"b":0,"c":999999999999999}',
  '{"a":false,"b":null,"c":true}',
  '{"A":1,"_":2,"a":3,"aa":4,"ab":5}',
  '{"a":"é\u2028 \u007f😀"}',
])('canonical: %s', (text) => {
  expect(canonicalJson(JSON.parse(text))).toBe(text);
  expect(scanned(text)).not.toBeNull();
});

test.each([
  ['', '[]', '1', 'null', '"a"', ' {}', '{} ', '{}{}', '{', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{,}'],
  ['{"a":1,}', '{"a":[1,]}', '{"a":[,1]}', '{"a":[}', '{"a":{]}', '{"a" :1}', '{"a": 1}', '{"a":[1, 2]}'],
  ['{"b":1,"a":2}', '{"a":1,"a":2}', '{"aa":1,"a":2}', '{"a":{"c":1,"b":2}}', '{"a":[{"b":1,"b":1}]}'],
  [
    '{"a":-0}',
    '{"a":01}',
    '{"a":1.0}',
    '{"a":1e2}',
    '{"a":+1}',
    '{"a":-}',
    '{"a":9007199254740993}',
    '{"a":.5}',
  ],
  ['{"a":nul}', '{"a":nulll}', '{"a":True}', '{"a":NaN}', '{"a":undefined}', '{a:1}', "{'a':1}"],
  [
    '{"a":"\t"}',
    '{"a":"\\/"}',
    '{"a":"\\u0041"}',
    '{"a":"\\n"}',
    '{"é":1}',
    '{"\\u0061":1}',
    '{"a":"\u0000"}',
  ],
])('not surely canonical: %s …', (...texts) => {
  for (const text of texts) expect(scanned(text), text).toBeNull();
});

test('nested as deep as somebody likes', () => {
  for (const depth of [65, 20_000]) {
    expect(scanned(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`)).toBeNull();
    expect(scanned(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)).toBeNull();
  }
});

const json = fc.dictionary(
  fc.constantFrom('a', 'b', 'ab', 'statement', 'pinnedPolicy', '10', '9', 'é', '\uffff', '😀', '"'),
  fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, false, '', 0, -1),
      fc.string({ unit: 'grapheme' }),
      fc.maxSafeInteger(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 3 }),
    ),
  })).value,
);

/** Canonical JSON of whatever has any. */
const canonical = json.filter(isJson).map((value) => [value, canonicalJson(value)] as const);

test('what it says of members is their canonical JSON', () => {
  fc.assert(fc.property(canonical, ([value, text]) => told(value, text)));
});

function told(value: Record<string, unknown>, text: string): void {
  const bytes = Buffer.from(text);
  const spans = scanCanonical(bytes);
  if (!spans) {
    // Only for what it leaves to the long way.
    expect(text).toMatch(/\\|\d{16}|[^ -~]/);
    return;
  }
  for (const name of ['statement', 'pinnedPolicy'] as const) {
    const own = Object.hasOwn(value, name) ? canonicalJson(value[name]) : null;
    const span = spans[name];
    expect(span && bytes.toString('utf8', span.start, span.end)).toBe(own);
  }
}

test('what somebody has edited passes only where it is canonical still', () => {
  const letter = fc.constantFrom(...'{}[]",:\\ 0-1.eé\t'.split(''), '');
  fc.assert(
    fc.property(canonical, fc.nat(), letter, fc.boolean(), ([, text], place, other, insert) => {
      const at = place % text.length;
      const edited = text.slice(0, at) + other + text.slice(insert ? at : at + 1);
      if (!edited.isWellFormed() || !scanned(edited)) return;
      expect(canonicalJson(JSON.parse(edited))).toBe(edited);
    }),
    { numRuns: 2000 },
  );
});

function isJson(value: unknown): boolean {
  try {
    canonicalJson(value);
    return true;
  } catch {
    return false;
  }
}
