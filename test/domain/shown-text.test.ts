import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shownJson, shownLines, shownText, unseenIn } from '../../domain/shown-text.ts';

/** Everything that a terminal may obey, or that people cannot see, by code point and without Unicode's own tables. */
const seen = (text: string): boolean =>
  Array.from(text).every((character) => {
    const code = character.codePointAt(0) ?? 0;
    const within = (from: number, to: number) => code >= from && code <= to;
    return !(
      within(0x00, 0x1f) ||
      within(0x7f, 0x9f) ||
      code === 0xad ||
      code === 0x61c ||
      code === 0x180e ||
      within(0x200b, 0x200f) ||
      within(0x2028, 0x202e) ||
      within(0x2060, 0x206f) ||
      within(0xd800, 0xdfff) ||
      within(0xfe00, 0xfe0f) ||
      code === 0xfeff ||
      within(0xfff0, 0xfffb) ||
      code === 0x3164 ||
      within(0xe0000, 0xe0fff)
    );
  });
const anyText = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)),
    fc.integer({ min: 0x2000, max: 0x206f }).map((code) => String.fromCharCode(code)),
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    fc.integer({ min: 0xe0000, max: 0xe01ff }).map((code) => String.fromCodePoint(code)),
  ),
});

describe('text of others, as it is shown', () => {
  test.each([
    ['plain, 运维 and Ünïcode', 'plain, 运维 and Ünïcode'],
    ['line\nend\r\tand tab', 'line\\u{a}end\\u{d}\\u{9}and tab'],
    ['\u001b[2J\u001b]0;title\u0007', '\\u{1b}[2J\\u{1b}]0;title\\u{7}'],
    ['C1 \u009b2J and \u0085', 'C1 \\u{9b}2J and \\u{85}'],
    ['DEL \u007f', 'DEL \\u{7f}'],
    [
      'bidi \u202eevil\u202c \u2066x\u2069 \u200f \u061c',
      'bidi \\u{202e}evil\\u{202c} \\u{2066}x\\u{2069} \\u{200f} \\u{61c}',
    ],
    ['\u2028 \u2029', '\\u{2028} \\u{2029}'],
    ['zero\u200bwidth\u2060 \ufeff \u00ad', 'zero\\u{200b}width\\u{2060} \\u{feff} \\u{ad}'],
    ['tags \u{e0041}', 'tags \\u{e0041}'],
    ['filler \u3164', 'filler \\u{3164}'],
    ['lone \ud800 and \udc00', 'lone \\u{d800} and \\u{dc00}'],
  ])('%j is %s', (text, shown) => {
    expect(shownText(text)).toBe(shown);
  });

  test('has nothing that is not seen, however it comes; JSON stays the same value', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(seen(shownText(text))).toBe(true);
        expect(shownText(shownText(text))).toBe(shownText(text));
        for (const line of shownLines(text)) expect(seen(line)).toBe(true);
        const json = shownJson({ [text]: [text] });
        expect(seen(json)).toBe(true);
        expect(JSON.parse(json)).toEqual({ [text]: [text] });
        expect(unseenIn(text) === null).toBe(shownText(text) === text);
      }),
      { numRuns: 2000 },
    );
  });

  test('several lines are several, whatever ends them', () => {
    expect(shownLines('a\nb\r\nc\rd\u0085e\u2028f\vg')).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });
});

test('nothing of the command line writes to a terminal but print.ts', () => {
  const folder = join(import.meta.dirname, '..', '..', 'cli');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const writers = files.filter((file) =>
    /process\.std(out|err)\.write|\bconsole\.(log|info|warn|error|debug)\b/.test(
      readFileSync(join(folder, file), 'utf8'),
    ),
  );
  expect(writers).toEqual(['print.ts']);
});
