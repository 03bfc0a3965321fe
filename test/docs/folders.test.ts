import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/* Wherever folders are listed, they are the same: a new one that is missing somewhere is neither checked nor shipped. */

const root = join(import.meta.dirname, '..', '..');
const text = (file: string): string => readFileSync(join(root, file), 'utf8');

const beside = ['bench', 'docs', 'examples', 'migrations', 'scripts', 'service', 'test'];
const passing = ['coverage', 'dist', 'node_modules', 'reference'];
const all = readdirSync(root, { withFileTypes: true })
  .filter((one) => one.isDirectory() && !one.name.startsWith('.') && !passing.includes(one.name))
  .map(({ name }) => name);
const compiled = all.filter((name) => !beside.includes(name)).sort();

test('the build compiles each folder of sources', () => {
  const { include } = JSON.parse(text('tsconfig.build.json')) as { include: string[] };
  expect(include.toSorted()).toEqual(compiled);
});

test('the image is built of them, of the migrations, the scripts and the names of the service’s packages', () => {
  const allowed = text('.dockerignore')
    .split('\n')
    .map((line) => line.replace('!', ''))
    .filter((line) => all.includes(line));
  expect(allowed.sort()).toEqual([...compiled, 'migrations', 'scripts', 'service'].sort());
});

test('the lint step looks at each of them and at the examples, and there is a rule for each but the command line', () => {
  const { scripts } = JSON.parse(text('package.json')) as { scripts: { lint: string } };
  const [, looked = ''] = /depcruise --config \S+ ([\w ]+)/.exec(scripts.lint) ?? [];
  expect(looked.trim().split(' ').sort()).toEqual([...compiled, 'examples'].sort());
  const [rules = ''] = text('.dependency-cruiser.mjs').split('\n};');
  const ruled = [...rules.matchAll(/^ {2}(\w+): \[/gm)].map(([, name]) => name);
  expect([...ruled, 'cli'].sort()).toEqual([...compiled, 'examples'].sort());
});

test('README says what lives in each folder', () => {
  const [, table = ''] = text('README.md').split('## Folders');
  const named = [...table.matchAll(/^\|([^|]+)\|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([a-z]+)\/`/g)].map(([, name]) => name),
  );
  expect(named.sort()).toEqual(all.toSorted());
});
