import { z } from 'zod';
import { credential, secretFile, systemUrl } from '../settings.ts';

/** A Jira of Atlassian's cloud, or one in a data center of your own; see docs/jira.md. */
export const jiraSettings = z.strictObject({
  kind: z.literal('jira'),
  url: systemUrl,
  deployment: z.enum(['cloud', 'data_center']).default('cloud'),
  read: credential.meta({ description: "The worker's login: it needs to read only." }),
  write: credential.optional().meta({ description: "The deliverer's login." }),
  webhookSecretFiles: z
    .array(secretFile)
    .max(2)
    .default([])
    .meta({ description: 'Verify what it sends; the API reads them.' }),
  create: z
    .strictObject({ project: z.string().min(1).max(100), issueType: z.string().min(1).max(100) })
    .optional()
    .meta({ description: 'What a ticket is made as, for a change that names none.' }),
});
export type JiraSettings = z.infer<typeof jiraSettings>;
