import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../domain/json.ts';
import { bundledOperations } from '../../operations/bundled.ts';

test('docs/api.md lists the bundled operations, each with its input and what it does', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'api.md'), 'utf8');
  const section = text.split('## What can be asked for')[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| `(\w+)` +\| (`\w+`(?:, `\w+`)*) +\| (.*\S) +\|$/gm)];
  expect(
    rows.map(([, name, input = '', title]) => [name, input.replaceAll('`', '').split(', '), title]),
  ).toEqual(
    bundledOperations.map(({ name, inputSchema, title }) => [
      name,
      Object.keys(inputSchema['properties'] as JsonObject),
      title,
    ]),
  );
});
