import { z } from 'zod';
import { directoryDocument, policyDocument } from './document.ts';

/** The JSON Schemas (2020-12) by which editors complete policy and directory files, under the names of their files. */
export function jsonSchemas(): Record<string, object> {
  return {
    'policy.schema.json': z.toJSONSchema(policyDocument, { io: 'input' }),
    'directory.schema.json': z.toJSONSchema(directoryDocument, { io: 'input' }),
  };
}
