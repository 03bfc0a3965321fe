interface Node {
  readonly type?: unknown;
  readonly text?: unknown;
  readonly content?: unknown;
}

const wholeUrl = /^https?:\/\/\S+$/;

/** Plain text as the cloud's rich text (Atlassian Document Format); a line that is a URL becomes a link. */
export function documentOf(text: string): object {
  const content = text.split(/\n{2,}/).map((block) => ({
    type: 'paragraph',
    content: block.split('\n').flatMap((line, i) => {
      const marks = wholeUrl.test(line) ? { marks: [{ type: 'link', attrs: { href: line } }] } : {};
      const words = line === '' ? [] : [{ type: 'text', text: line, ...marks }];
      return i === 0 ? words : [{ type: 'hardBreak' }, ...words];
    }),
  }));
  return { type: 'doc', version: 1, content };
}

/** Plain text as a data center's markup that shows it: nothing of it is a macro, a mention, an image or a link of its own. */
export function markupOf(text: string): string {
  return text
    .split(/(https?:\/\/[^\s{}[\]!|\\]+)/)
    .map((part, i) => (i % 2 === 1 ? part : part.replace(/[\\{}[\]!|*_^~?]/g, '\\$&')))
    .join('');
}

/** The plain text of rich text or of a string; null for anything else. */
export function plainText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  const { type, content } = (value ?? {}) as Node;
  if (type !== 'doc' || !Array.isArray(content)) return null;
  return (content as Node[]).map(inner).join('\n\n');
}

function inner(node: Node | null): string {
  const { type, text, content } = node ?? {};
  if (type === 'text') return typeof text === 'string' ? text : '';
  if (type === 'hardBreak') return '\n';
  return Array.isArray(content) ? (content as (Node | null)[]).map(inner).join('') : '';
}
