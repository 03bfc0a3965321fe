import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonSchemas } from '../policies/json-schema.ts';
import { integrationsSchema } from '../tickets/json-schema.ts';

/** Writes the JSON Schemas of the files that people write beside their source. */
async function write(folder: string, name: string, schema: object): Promise<void> {
  const file = join(import.meta.dirname, '..', folder, name);
  await writeFile(file, `${JSON.stringify(schema, null, 2)}\n`);
}

for (const [name, schema] of Object.entries(jsonSchemas())) await write('policies', name, schema);
await write('tickets', 'integrations.schema.json', integrationsSchema());
