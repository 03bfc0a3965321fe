import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { pages, proseOf } from './markdown.ts';

const root = join(import.meta.dirname, '..', '..');

test.each([
  ['prose', 'one\ntwo', [1, 2]],
  ['a table', 'one\n\n| a |\n| - |', [1, 2]],
  ['a fence with another one within', '````md\n```\nx\n```\n````\nend', [6]],
  ['indented code of several lines', 'one\n\n    x\n          y\n\nend', [1, 2, 5, 6]],
  ['a paragraph that goes on indented', 'one\n    two', [1, 2]],
  ['an item’s second paragraph', '- one\n\n    two', [1, 2, 3]],
])('%s: the lines that are prose', (_what, text, numbers) => {
  expect(proseOf(text).map(({ number }) => number)).toEqual(numbers);
});

test('no line of prose is longer than 120 columns', () => {
  const long = pages().flatMap(({ path, text }) =>
    proseOf(text)
      .filter(({ line }) => line.length > 120)
      .map(({ number }) => `${path}:${number}`),
  );
  expect(long).toEqual([]);
});

/** The names under which headings can be linked to, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const headings = proseOf(text).flatMap(({ line }) => /^#+ (.*)$/.exec(line)?.[1] ?? []);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

test('every link within the repository leads somewhere', () => {
  const all = pages();
  const links = all.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^()\s]+)\)/g)]
      .map(([, href = '']) => href)
      .filter((href) => !/^[a-z]+:/.test(href))
      .map((href) => ({ path, href })),
  );
  expect(links.length).toBeGreaterThan(50);
  const dead = links.filter(({ path, href }) => {
    const [file = '', anchor] = href.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(join(root, target), 'utf8')).has(anchor);
  });
  expect(dead).toEqual([]);
});

test('the index names every page of the documentation', () => {
  const all = pages();
  const index = all.find(({ path }) => path === 'docs/README.md')?.text ?? '';
  const wanted = all
    .map(({ path }) => path)
    .filter((path) => /^docs\/[^/]+\.md$/.test(path) && path !== 'docs/README.md');
  expect(wanted.filter((path) => !index.includes(`](${path.slice('docs/'.length)})`))).toEqual([]);
});

test('one page has the list of folders, and it is complete', () => {
  const listing = pages().filter(({ text }) => /^\| *`activities\/`/m.test(text));
  expect(listing.map(({ path }) => path)).toEqual(['README.md']);
  const rows = listing.flatMap(({ text }) => text.match(/^\| *`\w+\/`[^|]*\|/gm) ?? []);
  const listed = rows.flatMap((row) => [...row.matchAll(/`(\w+)\/`/g)].map(([, name]) => name));
  const made = ['node_modules', 'dist', 'coverage'];
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !made.includes(entry.name))
    .map(({ name }) => name);
  expect(listed.sort()).toEqual(folders.sort());
});
