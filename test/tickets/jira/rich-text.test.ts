import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fieldText, jsonOf } from '../../../tickets/jira/field-value.ts';
import { documentOf, markupOf, plainText } from '../../../tickets/jira/rich-text.ts';
import { canonicalJson } from '../../../domain/canonical-json.ts';

const lines = fc.array(
  fc.string({ minLength: 1 }).map((line) => line.replaceAll('\n', ' ')),
  { minLength: 1 },
);

test('what becomes rich text is the same text again', () => {
  fc.assert(
    fc.property(fc.array(lines, { minLength: 1 }), (blocks) => {
      const text = blocks.map((block) => block.join('\n')).join('\n\n');
      expect(plainText(documentOf(text))).toBe(text);
    }),
  );
});

test('no text node of a document is empty, since Jira refuses those', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(JSON.stringify(documentOf(text))).not.toContain('"text":""');
    }),
  );
});

test('a line that is a URL is a link', () => {
  const document = JSON.stringify(documentOf('see\nhttps://countersign.example/changes/1'));
  expect(document).toContain('"attrs":{"href":"https://countersign.example/changes/1"}');
});

test.each([
  ['{code}x{code}', '\\{code\\}x\\{code\\}'],
  ['[~admin] !http://x/y.png!', '\\[\\~admin\\] \\!http://x/y.png\\!'],
  ['a | b', 'a \\| b'],
  ['back\\slash', 'back\\\\slash'],
  ['https://countersign.example/a_b*c', 'https://countersign.example/a_b*c'],
])('%s is shown as it is in markup', (text, markup) => {
  expect(markupOf(text)).toBe(markup);
});

test('no mention, image or macro of anybody is left in markup', () => {
  const any = fc.string({
    unit: fc.constantFrom('\\', '{', '}', '[', ']', '!', '~', 'a', ' ', 'http://x/', '\n'),
  });
  fc.assert(
    fc.property(any, (text) => {
      const unescaped = markupOf(text).replaceAll(/\\[\\{}[\]!~]/g, '');
      expect(unescaped).not.toMatch(/[{}[\]!\\]/);
    }),
  );
});

test.each<[unknown, string | null]>([
  [null, null],
  ['', null],
  [undefined, null],
  [[], null],
  ['SN-1', 'SN-1'],
  [1.5, '1.5'],
  [{ value: 'Option' }, 'Option'],
  [{ displayName: 'Pat', accountId: 'x' }, 'Pat'],
  [[{ name: 'a' }, { name: 'b' }], 'a, b'],
  ['2026-12-01T08:00:00.000+0100', '2026-12-01T08:00:00.000+01:00'],
  ['2026-12-01', '2026-12-01'],
  [{ odd: [1.5] }, '{"odd":["1.5"]}'],
  ['a\u0000\ud800', 'a\ufffd\ufffd'],
])('%j is the text %j', (value, text) => {
  expect(fieldText(value)).toBe(text);
});

test('a long text is cut, and then equals nothing that is compared', () => {
  expect(fieldText('x'.repeat(1001))).toBe(`${'x'.repeat(1000)}…`);
});

test('whatever Jira answers can be hashed', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => void canonicalJson(jsonOf(value))));
});
