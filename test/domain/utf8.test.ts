import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeUtf8 } from '../../domain/utf8.ts';

test.each<[string, number[], number, number]>([
  ['ü of Windows-1252', [0x61, 0xfc, 0x62], 1, 1],
  ['ä of Windows-1252 before a letter', [0x61, 0x0a, 0xe4, 0x62], 2, 2],
  ['张 of GBK', [0x0a, 0x0a, 0xd5, 0xc5], 2, 3],
  ['ï of Windows-1252', [0x61, 0xef, 0x62], 1, 1],
  ['a character cut off at the end', [0x61, 0xe5, 0xbc], 1, 1],
  ['what begins like U+FFFD', [0x61, 0xef, 0xbf, 0x41], 1, 1],
  ['a surrogate', [0x61, 0xed, 0xa0, 0x80], 1, 1],
  ['UTF-16 with its mark', [0xff, 0xfe, 0x61, 0x00], 0, 1],
  ['after a real U+FFFD', [0xef, 0xbf, 0xbd, 0xff], 3, 1],
])('%s is found', (_name, bytes, offset, line) => {
  expect(decodeUtf8(Uint8Array.from(bytes))).toEqual({ text: null, offset, line });
});

test('a byte order mark is left out, and only at the beginning', () => {
  const bytes = new TextEncoder().encode('\uFEFFa\uFEFFb');
  expect(decodeUtf8(bytes)).toEqual({ text: 'a\uFEFFb' });
});

test('all text comes back, and the first byte that was spoilt is found', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (before, after) => {
      const [head, tail] = [before, after].map((text) => new TextEncoder().encode(`x${text}`));
      if (!head || !tail) return;
      expect(decodeUtf8(head)).toEqual({ text: `x${before}` });
      // 0xFF is in no character.
      expect(decodeUtf8(Uint8Array.from([...head, 0xff, ...tail]))).toMatchObject({ offset: head.length });
    }),
  );
});
