import { z } from 'zod';
import { credential, secretFile, systemUrl } from '../settings.ts';

/** A ServiceNow instance; see docs/servicenow.md. */
export const serviceNowSettings = z.strictObject({
  kind: z.literal('servicenow'),
  url: systemUrl,
  table: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,79}$/)
    .default('change_request'),
  read: credential.meta({ description: "The worker's login: it needs to read only." }),
  write: credential.optional().meta({ description: "The deliverer's login." }),
  webhookSecretFiles: z
    .array(secretFile)
    .max(2)
    .default([])
    .meta({ description: 'Verify what it sends; the API reads them.' }),
  create: z
    .strictObject({
      type: z.enum(['normal', 'emergency', 'standard']),
      template: z.string().max(100).optional(),
    })
    .optional()
    .meta({ description: 'What a change request is made as, for a change that names none.' }),
});
export type ServiceNowSettings = z.infer<typeof serviceNowSettings>;
