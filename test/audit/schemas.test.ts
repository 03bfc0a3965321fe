import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { periodReportSchema } from '../../audit/period/period-report.ts';
import { verdictSchema } from '../../audit/verify/verdict-schema.ts';
import { reconciliationSchema } from '../../audit/reconcile/reconciliation.ts';

test.each([
  ['reconciliation', reconciliationSchema],
  ['period-report', periodReportSchema],
  ['verdict', verdictSchema],
])('%s.schema.json is the one of the sources', async (name, schema) => {
  const file = join(import.meta.dirname, '..', '..', 'docs', 'schemas', `${name}.schema.json`);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(z.toJSONSchema(schema));
});
