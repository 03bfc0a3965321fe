import { shownLines } from '../../domain/shown-text.ts';

/** Text that is HTML already. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** HTML in which every value that is not {@link Html} is escaped. */
export function markup(parts: TemplateStringsArray, ...values: readonly (Html | string | number)[]): Html {
  return new Html(
    parts.reduce((text, part, i) => {
      const value = values[i - 1];
      return `${text}${value === undefined ? '' : value instanceof Html ? value.text : escaped(String(value))}${part}`;
    }),
  );
}

/** Pieces one after another. */
export function join(pieces: readonly Html[]): Html {
  return new Html(pieces.map(({ text }) => text).join(''));
}

const names: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return shownLines(text)
    .join('\n')
    .replaceAll(/[&<>"']/g, (c) => names[c] ?? c);
}
