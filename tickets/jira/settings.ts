import { z } from 'zod';
import { credential, secretFile, systemUrl } from '../settings.ts';

const name = z.string().min(1).max(100);
const names = z.array(name).max(20);

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
    .strictObject({ project: name, issueType: name })
    .optional()
    .meta({ description: 'What a ticket is made as, for a change that names none.' }),
  cancelledNames: names
    .default(['Cancelled', 'Canceled', 'Declined', 'Rejected', 'Withdrawn', "Won't Do", "Won't Fix"])
    .meta({ description: 'Statuses and resolutions of the category done that mean: not carried out.' }),
  holdNames: names
    .default(['On Hold', 'Blocked', 'Paused'])
    .meta({ description: 'Statuses in which a ticket is on hold.' }),
  via: names.default([]).meta({
    description: 'Statuses of one category that a ticket has to pass, in order, such as In Review.',
  }),
  resolutions: z
    .strictObject({
      successful: names.default(['Done', 'Fixed', 'Resolved']),
      unsuccessful: names.default(['Failed', 'Incomplete', 'Done']),
      cancelled: names.default(["Won't Do", "Won't Fix", 'Declined', 'Cancelled']),
    })
    .prefault({})
    .meta({ description: 'Resolutions, the first that a screen offers is set.' }),
  approvals: z
    .boolean()
    .default(false)
    .meta({ description: 'Read the approvals of Jira Service Management.' }),
  searchLagSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(60)
    .meta({ description: 'How long a new issue may not be found.' }),
});
export type JiraSettings = z.infer<typeof jiraSettings>;
