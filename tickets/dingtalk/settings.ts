import { z } from 'zod';
import { secretFile, systemUrl } from '../settings.ts';

const robot = z.strictObject({
  url: systemUrl.default('https://oapi.dingtalk.com'),
  tokenFile: secretFile,
  secretFile,
});
const app = z.strictObject({
  url: systemUrl.default('https://api.dingtalk.com'),
  clientId: z.string().min(1).max(200),
  clientSecretFile: secretFile,
  corpId: z.string().min(1).max(200),
  cardTemplateId: z.string().min(1).max(200),
  openSpaceId: z
    .string()
    .max(300)
    .regex(/^dtv1\.card\/\/IM_(GROUP|ROBOT)\.[^\s;]+$/, {
      error: 'must be dtv1.card//IM_GROUP.<conversation> or dtv1.card//IM_ROBOT.<user>',
    })
    .meta({ description: 'The group, or the person, whom cards are shown to.' }),
  robotCode: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: "The app's robot; default: its clientId." }),
});

/** DingTalk: a group's robot, whose messages only link, or an app with cards and clicks; see docs/dingtalk.md. */
export const dingTalkSettings = z
  .strictObject({
    kind: z.literal('dingtalk'),
    robot: robot.optional(),
    app: app.optional(),
    inboundSecretFiles: z
      .array(secretFile)
      .max(2)
      .default([])
      .meta({ description: 'Sign clicks on their way from the deliverer to the API; both read them.' }),
  })
  .refine(({ robot: r, app: a }) => (r === undefined) !== (a === undefined), {
    error: 'must have either robot or app',
  });
export type DingTalkSettings = z.infer<typeof dingTalkSettings>;
