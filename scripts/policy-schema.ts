import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonSchemas } from '../policies/json-schema.ts';

/** Writes the JSON Schemas of policy and directory files beside their source. */
for (const [name, schema] of Object.entries(jsonSchemas())) {
  const file = join(import.meta.dirname, '..', 'policies', name);
  await writeFile(file, `${JSON.stringify(schema, null, 2)}\n`);
}
