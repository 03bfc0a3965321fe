import { describe, expect, test } from 'vitest';
import { en } from '../../../console/page/words/en.ts';
import { zhCn } from '../../../console/page/words/zh-cn.ts';

type Path = string;

/** Every sentence of a catalogue by its path; of a function what it makes of arguments that can be seen in it. */
function sentences(words: unknown, path: Path = ''): Map<Path, string> {
  if (typeof words === 'string') return new Map([[path, words]]);
  if (typeof words === 'function') return new Map([[path, called(words as (...args: unknown[]) => string)]]);
  const found = new Map<Path, string>();
  for (const [name, value] of Object.entries(words as object)) {
    for (const [at, text] of sentences(value, `${path}.${name}`)) found.set(at, text);
  }
  return found;
}

const marks = ['⟦1⟧', '⟦2⟧', '⟦3⟧', '⟦4⟧'];

function called(say: (...args: unknown[]) => string): string {
  return say(
    ...marks.slice(0, say.length === 0 ? 1 : say.length).map((mark, i) => (i === 3 ? [mark] : mark)),
  );
}

const [english, chinese] = [sentences(en), sentences(zhCn)];

test('both languages say the same things', () => {
  expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  expect(english.size).toBeGreaterThan(300);
});

describe.each([
  ['English', english],
  ['Chinese', chinese],
])('%s', (_language, words) => {
  test('has no empty sentence', () => {
    expect([...words].filter(([, text]) => text.trim() === '').map(([path]) => path)).toEqual([]);
  });
});

test('what one language says of its arguments, the other one says, too', () => {
  const marksIn = (text: string) => marks.filter((mark) => text.includes(mark));
  for (const [path, text] of english)
    expect([path, marksIn(chinese.get(path) ?? '')]).toEqual([path, marksIn(text)]);
});

test('nothing is left in English', () => {
  const alike = [...english].filter(([path, text]) => chinese.get(path) === text).map(([path]) => path);
  // Names that are the same in both.
  expect(alike).toEqual(['.attempts.classSentence', '.me.zones.utc', '.audit.filters.requestId']);
});
