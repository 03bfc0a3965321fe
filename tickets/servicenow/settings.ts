import { z } from 'zod';
import { secretFile, systemUrl } from '../settings.ts';

const sysId = z.string().regex(/^[0-9a-f]{32}$/, { error: 'must be a sys_id: 32 hexadecimal digits' });

const login = z
  .strictObject({
    scheme: z
      .enum(['basic', 'bearer', 'api_key', 'oauth'])
      .optional()
      .meta({ description: 'How the secret is sent; default basic with a user, otherwise bearer.' }),
    user: z
      .string()
      .min(1)
      .max(40)
      .optional()
      .meta({ description: 'The user_name of the account; for basic it has to be here.' }),
    clientId: z.string().min(1).max(100).optional().meta({ description: 'For oauth.' }),
    secretFile,
  })
  .refine(({ scheme, user }) => scheme !== 'basic' || user !== undefined, { error: 'basic needs user' })
  .refine(({ scheme, clientId }) => (scheme === 'oauth') === (clientId !== undefined), {
    error: 'oauth needs clientId, and nothing else has one',
  })
  .meta({
    description: 'A login at the system. For oauth the secret is that of a client (client_credentials).',
  });
/** How a process is known to ServiceNow. */
export type ServiceNowLogin = z.infer<typeof login>;

/** States of a change request as they come installed, in the order in which one goes through them. */
const installedStates = [
  { state: '-5', phase: 'new' },
  { state: '-4', phase: 'new' },
  { state: '-3', phase: 'new' },
  { state: '-2', phase: 'new' },
  { state: '-1', phase: 'in_progress' },
  { state: '0', phase: 'in_progress' },
  { state: '3', phase: 'done' },
  { state: '4', phase: 'cancelled' },
] as const;

/** A ServiceNow instance; see docs/servicenow.md. */
export const serviceNowSettings = z
  .strictObject({
    kind: z.literal('servicenow'),
    url: systemUrl,
    table: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,79}$/)
      .default('change_request'),
    read: login.meta({ description: "The worker's login: it needs to read only." }),
    write: login.optional().meta({ description: "The deliverer's login." }),
    webhookSecretFiles: z
      .array(secretFile)
      .max(2)
      .default([])
      .meta({ description: 'Verify what it sends; the API reads them.' }),
    create: z
      .strictObject({
        type: z.enum(['normal', 'emergency', 'standard']),
        template: sysId.optional().meta({ description: 'Of a standard change.' }),
      })
      .refine(({ type, template }) => (type === 'standard') === (template !== undefined), {
        error: 'standard needs template, and nothing else has one',
      })
      .optional()
      .meta({ description: 'What a change request is made as, for a change that names none.' }),
    states: z
      .array(
        z.strictObject({
          state: z.string().regex(/^-?[a-z0-9_]{1,40}$/),
          phase: z.enum(['new', 'in_progress', 'done', 'cancelled']),
        }),
      )
      .min(1)
      .max(50)
      .default([...installedStates])
      .meta({ description: 'Values of state, in the order in which a change goes through them.' }),
    closeCodes: z
      .strictObject({ successful: z.string().min(1).max(40), unsuccessful: z.string().min(1).max(40) })
      .default({ successful: 'successful', unsuccessful: 'unsuccessful' }),
    notes: z
      .enum(['work_notes', 'comments'])
      .default('work_notes')
      .meta({ description: 'Which journal comments go to; comments are seen by customers.' }),
  })
  .refine(({ table, write }) => write === undefined || table === 'change_request', {
    error: 'write needs the table change_request: the other tables are read only',
  });
export type ServiceNowSettings = z.infer<typeof serviceNowSettings>;
/** See {@link ServiceNowSettings.states}. */
export type ConfiguredState = ServiceNowSettings['states'][number];
