import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lifecyclePage } from './lifecycle-page.ts';

test('docs/lifecycle.md is made of the table of transitions', async () => {
  const page = join(import.meta.dirname, '..', '..', 'docs', 'lifecycle.md');
  await expect(lifecyclePage()).toMatchFileSnapshot(page);
});
