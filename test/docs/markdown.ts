import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** A page of the documentation, by its path from the repository's root. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** Every Markdown page for readers: the docs folder, and those beside it that it links to. */
export function pages(): Page[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name));
  return ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', ...docs.sort()].map((path) => ({
    path,
    text: readFileSync(join(root, path), 'utf8'),
  }));
}

/** The lines of a page that are prose, with their numbers from 1: no code, no table. */
export function proseOf(text: string): { number: number; line: string }[] {
  const prose: { number: number; line: string }[] = [];
  let fence: string | null = null;
  let isInList = false;
  let isIndentedCode = false;
  let before = '';
  text.split('\n').forEach((line, i) => {
    const [, mark] = /^ *(`{3,}|~{3,})/.exec(line) ?? [];
    if (fence !== null) {
      if (mark === fence) fence = null;
    } else if (mark !== undefined) fence = mark;
    else {
      if (/^\S/.test(line)) isInList = /^([-*+]|\d+[.)]) /.test(line) || (isInList && before !== '');
      isIndentedCode = !isInList && line.startsWith('    ') && (before === '' || isIndentedCode);
      if (!isIndentedCode && !/^ *\|/.test(line)) prose.push({ number: i + 1, line });
    }
    before = line;
  });
  return prose;
}
