import { z } from 'zod';
import {
  isWebhookUrl,
  subscriptionFilter,
  subscriptionName,
  webhookForm,
} from '../domain/subscription-schema.ts';
import { dingTalkSettings } from './dingtalk/settings.ts';
import { jiraSettings } from './jira/settings.ts';
import { mailSettings } from './mail/settings.ts';
import { serviceNowSettings } from './servicenow/settings.ts';
import { network, secretFile } from './settings.ts';
import { slackSettings } from './slack/settings.ts';

/** A system's name, by which changes, policies and subscriptions name it. */
export const systemName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, {
  error: 'must be a name of a-z, 0-9 and -, at most 40 characters',
});

const webhookUrl = z
  .string()
  .max(2000)
  .refine((text) => isWebhookUrl(text, true), {
    error: 'must be an https: URL without user and fragment; http: on loopback only',
  });

const webhook = z.strictObject({
  url: webhookUrl,
  secretFiles: z
    .array(secretFile)
    .min(1)
    .max(2)
    .meta({ description: 'whsec_ and base64; two sign at once while one is replaced.' }),
  form: webhookForm.default('countersign'),
  allowNetworks: z
    .array(network)
    .max(20)
    .default([])
    .meta({ description: 'Private ranges that it may be in.' }),
});

const subscription = z.strictObject({
  name: subscriptionName,
  to: z.union([z.strictObject({ system: systemName }), z.strictObject({ webhook })]),
  filter: subscriptionFilter.default({}),
});

/** What the file of COUNTERSIGN_INTEGRATIONS may say; `integrations.schema.json` is made from it. */
export const integrationsDocument = z
  .strictObject({
    systems: z
      .record(
        systemName,
        z.discriminatedUnion('kind', [
          jiraSettings,
          serviceNowSettings,
          slackSettings,
          dingTalkSettings,
          mailSettings,
        ]),
      )
      .default({}),
    subscriptions: z.array(subscription).max(100).default([]),
    changeUrl: z
      .string()
      .max(2000)
      .refine((text) => text.includes('{id}') && URL.canParse(text.replaceAll('{id}', 'id')), {
        error: 'must be a URL with {id} in it',
      })
      .optional()
      .meta({
        description:
          'Where people find a change, if not in the console: messages link there. {id} stands for its id.',
      }),
    webhooks: z
      .strictObject({
        allowNetworks: z
          .array(network)
          .max(20)
          .default([])
          .meta({ description: 'Private ranges that webhooks of the API may be in.' }),
      })
      .default({ allowNetworks: [] }),
  })
  .superRefine(({ systems, subscriptions }, context) => {
    const seen = new Set<string>();
    const ticketed = new Set<string>();
    subscriptions.forEach(({ name, to }, i) => {
      if (seen.has(name)) {
        context.addIssue({
          code: 'custom',
          path: ['subscriptions', i, 'name'],
          message: 'another has this name',
        });
      }
      seen.add(name);
      if ('system' in to && !Object.hasOwn(systems, to.system)) {
        context.addIssue({
          code: 'custom',
          path: ['subscriptions', i, 'to', 'system'],
          message: 'no such system',
        });
      }
      if (!('system' in to)) return;
      // Each would keep its own ticket of a change, and move the other's back.
      if (ticketed.has(to.system)) {
        context.addIssue({
          code: 'custom',
          path: ['subscriptions', i, 'to', 'system'],
          message: 'another subscription brings entries to this ticket system; expected one for each',
        });
      }
      const kind = Object.hasOwn(systems, to.system) ? systems[to.system]?.kind : undefined;
      if (kind === 'jira' || kind === 'servicenow') ticketed.add(to.system);
    });
  });
/** See {@link integrationsDocument}. */
export type Integrations = z.infer<typeof integrationsDocument>;
/** The settings of one system. */
export type SystemSettings = Integrations['systems'][string];
