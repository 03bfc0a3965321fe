/** Rich text of the cloud's API (Atlassian Document Format), as far as this endpoint takes and gives it. */
interface Node {
  readonly type?: unknown;
  readonly text?: unknown;
  readonly content?: unknown;
}

/** Plain text as a document: a paragraph for each block, a break for each line. */
export function documentOf(text: string): unknown {
  const paragraphs = text.split(/\n{2,}/).map((block) => {
    const lines = block.split('\n').flatMap((line, i) => {
      const words = line === '' ? [] : [{ type: 'text', text: line }];
      return i === 0 ? words : [{ type: 'hardBreak' }, ...words];
    });
    return { type: 'paragraph', content: lines };
  });
  return { type: 'doc', version: 1, content: text === '' ? [] : paragraphs };
}

/** A document's plain text; null where it is none. */
export function textOf(value: unknown): string | null {
  const { type, version, content } = (value ?? {}) as Node & { version?: unknown };
  if (type !== 'doc' || version !== 1 || !Array.isArray(content)) return null;
  return (content as Node[]).map(inner).join('\n\n');
}

function inner({ type, text, content }: Node): string {
  if (type === 'text') return typeof text === 'string' ? text : '';
  if (type === 'hardBreak') return '\n';
  return Array.isArray(content) ? (content as Node[]).map(inner).join('') : '';
}
