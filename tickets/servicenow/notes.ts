import { shownLines } from '../../domain/shown-text.ts';
import { RemoteError } from '../remote-error.ts';
import { valueOf } from './row.ts';
import type { Row } from './row.ts';

const longest = 3800;
const lastLine = /(?:^|\n)\[([A-Za-z0-9-]{1,100})\]$/;
const markPattern = /^[A-Za-z0-9-]{1,100}$/;

/** A mark goes into a query, whose terms are divided by `^`. */
export function checkedMark(mark: string): string {
  if (!markPattern.test(mark)) throw new RemoteError('refused', 'a mark has letters, digits and - alone');
  return mark;
}

/**
 * A note as it is written: its text, and its mark as the last line. ServiceNow shows what stands between `[code]` and `[/code]` as
 * HTML, and a text may be of anybody who comments on a change, so those words lose their brackets.
 *
 * @param text - lines end in `\n`; cut at 3,800 characters, so that the mark stays within what a note can hold
 */
export function noteOf(mark: string, text: string): string {
  const plain = shownLines(text)
    .join('\n')
    .replaceAll(/\[(\/?)code\]/gi, '($1code)');
  const kept = plain.length <= longest ? plain : `${plain.slice(0, longest).toWellFormed()}…`;
  return `${kept}\n\n[${mark}]`;
}

/**
 * The marks of notes on one record that one account wrote. Only the last line has a mark: before it stands what others may have
 * said.
 *
 * @param rows - of sys_journal_field
 */
export function marksIn(
  rows: readonly Row[],
  place: { readonly id: string; readonly element: string; readonly author: string },
): string[] {
  return rows.flatMap((row) => {
    const isOurs =
      valueOf(row, 'element_id') === place.id &&
      valueOf(row, 'element') === place.element &&
      valueOf(row, 'sys_created_by') === place.author;
    const text = valueOf(row, 'value')?.replaceAll('\r\n', '\n').trimEnd() ?? '';
    const mark = lastLine.exec(text)?.[1];
    return isOurs && mark !== undefined ? [mark] : [];
  });
}
