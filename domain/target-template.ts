/** A piece of a template: text as it stands, or a member of the input. */
export type TemplatePiece = { readonly text: string } | { readonly member: string };

const placeholder = /\{input\.([A-Za-z][\w-]{0,63})\}/gu;

/** The pieces of a template such as `payments/{input.region}/{input.account}`; null where its braces are none. */
export function templatePieces(template: string): readonly TemplatePiece[] | null {
  const pieces: TemplatePiece[] = [];
  let from = 0;
  const literal = (text: string) => {
    if (text !== '') pieces.push({ text });
    return !/[{}]/u.test(text);
  };
  for (const { 0: whole, 1: member = '', index } of template.matchAll(placeholder)) {
    if (!literal(template.slice(from, index))) return null;
    pieces.push({ member });
    from = index + whole.length;
  }
  return literal(template.slice(from)) ? pieces : null;
}

/**
 * Whether two inputs have one text only where they have the same members: between two of them stands a character that no
 * escaped value has.
 */
export function tellsApart(pieces: readonly TemplatePiece[]): boolean {
  return pieces.every((piece, at) => {
    const before = pieces[at - 1];
    if ('text' in piece || before === undefined) return true;
    return 'text' in before && /[^\w.~%-]/u.test(before.text);
  });
}

/**
 * The text that a template makes of an input.
 *
 * @param escape - how a value is written
 * @throws TypeError where the input lacks a member, or has one that is no text, whole number or boolean
 */
export function filledTemplate(
  pieces: readonly TemplatePiece[],
  input: Readonly<Record<string, unknown>>,
  escape: (value: string) => string,
): string {
  return pieces
    .map((piece) => ('text' in piece ? piece.text : escape(valueOf(input, piece.member))))
    .join('');
}

function valueOf(input: Readonly<Record<string, unknown>>, member: string): string {
  const value = Object.hasOwn(input, member) ? input[member] : undefined;
  if (typeof value === 'string') return value;
  if (Number.isSafeInteger(value) || typeof value === 'boolean') return String(value);
  throw new TypeError(`input.${member} is no text, whole number or boolean`);
}

/** A value within the id of a target: every character but the unreserved ones of RFC 3986 as `%XX` of its UTF-8. */
export function escapedInId(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*]/gu,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
