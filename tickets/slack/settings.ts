import { z } from 'zod';
import { secretFile, systemUrl } from '../settings.ts';

/** A Slack workspace; see docs/slack.md. */
export const slackSettings = z.strictObject({
  kind: z.literal('slack'),
  url: systemUrl
    .default('https://slack.com')
    .meta({ description: "Slack's own address, or a local endpoint's." }),
  team: z
    .string()
    .regex(/^[TE][A-Z0-9]{1,20}$/)
    .meta({ description: "The workspace's id." }),
  channel: z
    .string()
    .regex(/^[CG][A-Z0-9]{1,20}$/)
    .meta({ description: 'The id of the channel that messages go to.' }),
  tokenFile: secretFile.optional().meta({ description: "The app's bot token; the deliverer reads it." }),
  signingSecretFiles: z
    .array(secretFile)
    .max(2)
    .default([])
    .meta({ description: 'Verify clicks; the API reads them.' }),
});
export type SlackSettings = z.infer<typeof slackSettings>;
