import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { periodReportSchema } from '../audit/period/period-report.ts';
import { gateSchemas } from '../operations/gate-contract.ts';
import { reconciliationSchema } from '../audit/reconcile/reconciliation.ts';
import { verdictSchema } from '../audit/verify/verdict-schema.ts';
import { activitySchemas, operationsFileSchema } from '../declarations/json-schemas.ts';
import { jsonSchemas } from '../policies/json-schema.ts';
import { integrationsSchema } from '../tickets/json-schema.ts';

/** Writes JSON Schemas: of the files that people write beside their source, of what commands print into docs/schemas. */
async function write(folder: string, name: string, schema: object): Promise<void> {
  const file = join(import.meta.dirname, '..', folder, name);
  await writeFile(file, `${JSON.stringify(schema, null, 2)}\n`);
}

for (const [name, schema] of Object.entries(jsonSchemas())) await write('policies', name, schema);
await write('tickets', 'integrations.schema.json', integrationsSchema());
await write('docs/schemas', 'reconciliation.schema.json', z.toJSONSchema(reconciliationSchema));
await write('docs/schemas', 'verdict.schema.json', z.toJSONSchema(verdictSchema));
await write('docs/schemas', 'period-report.schema.json', z.toJSONSchema(periodReportSchema));
await write('declarations', 'operations.schema.json', operationsFileSchema());
for (const [name, schema] of Object.entries(activitySchemas())) await write('docs/schemas', name, schema);
for (const [name, schema] of Object.entries(gateSchemas()))
  await write('docs/schemas', `gate-v1-${name}.schema.json`, schema);
