import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildConsole } from '../../../scripts/build-console.ts';

const folder = await mkdtemp(join(tmpdir(), 'countersign-page-'));
beforeAll(() => buildConsole(folder));
afterAll(() => rm(folder, { recursive: true, force: true }));

const kiB = 1024;

async function sizes(ending: string): Promise<Map<string, number>> {
  const names = (await readdir(join(folder, 'assets'))).filter((name) => name.endsWith(ending));
  const files = await Promise.all(names.map((name) => readFile(join(folder, 'assets', name))));
  return new Map(names.map((name, i) => [name, gzipSync(files[i] as Buffer).length]));
}

const sum = (of: Iterable<number>): number => [...of].reduce((total, one) => total + one, 0);

test('the first view is at most 60 KiB of JavaScript and 10 of CSS, a late part 25, all 120, gzipped', async () => {
  const html = await readFile(join(folder, 'index.html'), 'utf8');
  const [scripts, styles] = [await sizes('.js'), await sizes('.css')];
  const first = [...scripts].filter(([name]) => html.includes(name));
  const late = [...scripts].filter(([name]) => !html.includes(name));
  expect(first.length).toBeGreaterThan(0);
  expect(late.length).toBeGreaterThan(5);
  expect(sum(first.map(([, size]) => size))).toBeLessThanOrEqual(60 * kiB);
  expect(sum(styles.values())).toBeLessThanOrEqual(10 * kiB);
  for (const [name, size] of late) expect([name, size <= 25 * kiB]).toEqual([name, true]);
  expect(sum(scripts.values())).toBeLessThanOrEqual(120 * kiB);
});

test('nothing in the page stands inline, and no code is made of text', async () => {
  const html = await readFile(join(folder, 'index.html'), 'utf8');
  expect(html).not.toMatch(/<style|<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=/);
  expect(html).not.toMatch(/(src|href)="(?!\/)/);
  for (const name of await readdir(join(folder, 'assets'))) {
    const text = await readFile(join(folder, 'assets', name), 'utf8');
    expect(text).not.toMatch(/\beval\(|new Function\(|document\.write|jsxDEV/);
    // Nor anything of the machine that built it.
    expect(text).not.toContain(process.cwd());
  }
});
