/**
 * Characters that are not seen as themselves: controls (C0, DEL, C1), line and paragraph separators, format characters
 * (bidi controls, zero widths, tags), lone surrogates, noncharacters, and whatever else Unicode lets a renderer leave out.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}]/u;
const everyUnseen = new RegExp(unseen.source, 'gu');
const lineEnd = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/;
const printableAscii = /^[\x20-\x7e]*$/;

/**
 * Text of others as one line that may be shown: every character that is not seen as itself becomes an escape such as
 * `\u{1b}`. A terminal then finds nothing to obey in it, and no part of it can be taken for a line of ours.
 */
export function shownText(text: string): string {
  return printableAscii.test(text) ? text : text.replaceAll(everyUnseen, escapeOf);
}

/** Text of others as the lines that it has, each as {@link shownText} shows it. */
export function shownLines(text: string): string[] {
  return text.split(lineEnd).map(shownText);
}

/** A value as JSON that may be shown: the same value to a parser, with escapes for what a terminal could obey. */
export function shownJson(value: unknown): string {
  return shownJsonText(JSON.stringify(value));
}

/** One line of JSON as {@link shownJson} writes it. */
export function shownJsonText(json: string): string {
  // Outside its strings JSON on one line is plain ASCII, so every other character can be escaped where it stands.
  return printableAscii.test(json) ? json : json.replaceAll(everyUnseen, jsonEscapeOf);
}

/** The first character of a text that is not seen as itself, as an escape; null where there is none. */
export function unseenIn(text: string): string | null {
  const found = unseen.exec(text);
  return found === null ? null : escapeOf(found[0]);
}

function escapeOf(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

function jsonEscapeOf(character: string): string {
  return Array.from({ length: character.length }, (_, i) => character.charCodeAt(i))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}
