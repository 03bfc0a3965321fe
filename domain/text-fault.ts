import { unseenIn } from './shown-text.ts';

/** A rule that a text broke, as a stable word, and what it asks for. */
export interface TextFault {
  readonly rule: string;
  readonly message: string;
}

const illFormed: TextFault = { rule: 'well_formed', message: 'must be well-formed Unicode' };
const hasControls: TextFault = {
  rule: 'no_control_characters',
  message: 'must not contain control characters',
};

/** What keeps something from being a text that people write, or null. Tabs and line ends are its only control characters. */
export function textFault(text: string): TextFault | null {
  if (!text.isWellFormed()) return illFormed;
  return /(?![\t\n\r])\p{Cc}/u.test(text) ? hasControls : null;
}

/**
 * What keeps a text from being an identifier, or null. Two identifiers that look alike must be the same one, so nothing in
 * them may be invisible or turn the direction of what people read.
 */
export function identifierFault(text: string): TextFault | null {
  if (!text.isWellFormed()) return illFormed;
  if (/\p{Cc}/u.test(text)) return hasControls;
  const unseen = unseenIn(text);
  if (unseen === null) return null;
  const message = `must not contain characters that cannot be seen, got ${unseen}`;
  return { rule: 'no_invisible_characters', message };
}
