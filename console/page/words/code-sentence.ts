import type { Words } from './en.ts';

/** What a code says, in a sentence; null where the page has none for it. */
export function codeSentence(words: Pick<Words, 'codes'>, code: string): string | null {
  return Object.hasOwn(words.codes, code) ? words.codes[code as keyof Words['codes']] : null;
}
