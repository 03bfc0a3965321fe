import { z } from 'zod';
import { integrationsDocument } from './integrations.ts';

/** The JSON Schema of the file of COUNTERSIGN_INTEGRATIONS, for editors. What it cannot say is checked when the file is read. */
export function integrationsSchema(): object {
  return z.toJSONSchema(integrationsDocument, { io: 'input' });
}
