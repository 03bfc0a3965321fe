import { shownLines, shownText } from '../../domain/shown-text.ts';

/**
 * What a person or another system wrote, as text and as nothing else: no markup is obeyed, no link is made, what would not be
 * seen is shown as an escape, and its writing direction stays its own.
 */
export function Said({ text, lines = false }: { readonly text: string; readonly lines?: boolean }) {
  if (!lines) {
    return (
      <bdi class="said" dir="auto">
        {shownText(text)}
      </bdi>
    );
  }
  return (
    <div class="said lines">
      {shownLines(text).map((line, i) => (
        <p key={i} dir="auto">
          {line === '' ? '\u00a0' : line}
        </p>
      ))}
    </div>
  );
}

/** A code, an id or a hash: it may be broken anywhere, and is read from left to right. */
export function Code({ text }: { readonly text: string }) {
  return (
    <code dir="ltr" translate={false}>
      {shownText(text)}
    </code>
  );
}
