import { useState } from 'preact/hooks';
import { keep, readKept } from './kept.ts';

/**
 * What somebody is writing, kept in the tab until it is sent: it outlives a reload, the end of the session and the login
 * that follows.
 *
 * @param name - of the form, such as `approve <change>`
 * @returns the text, how to set it, and how to forget it
 */
export function useDraft(name: string): readonly [string, (text: string) => void, () => void] {
  const [text, setText] = useState(() => readKept('session', `draft ${name}`) ?? '');
  const write = (next: string) => {
    setText(next);
    keep('session', `draft ${name}`, next === '' ? null : next);
  };
  return [text, write, () => write('')];
}
