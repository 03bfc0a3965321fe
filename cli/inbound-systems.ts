import type { InboundSystem, InboundVerdict } from '../api/inbound.ts';
import { CountersignError } from '../domain/error.ts';
import { assertForwardSecret } from '../tickets/dingtalk/forward-click.ts';
import { dingTalkInbound } from '../tickets/dingtalk/inbound.ts';
import type { Integrations, SystemSettings } from '../tickets/integrations.ts';
import { verifyJiraWebhook } from '../tickets/jira/webhook.ts';
import { verifyServiceNow, webhookKey } from '../tickets/servicenow/webhook.ts';
import { slackInteractivity } from '../tickets/slack/interactivity.ts';
import { readSecret } from './secret-file.ts';

/**
 * The systems that may send something to the API: those of the integrations file that have secrets to verify it with. Only
 * the API reads these secrets.
 *
 * @throws CountersignError `invalid_configuration` for a secret that cannot be read, or is none
 */
export async function inboundSystems(
  { systems }: Integrations,
  fetch: typeof globalThis.fetch,
): Promise<ReadonlyMap<string, InboundSystem>> {
  const opened = await Promise.all(
    Object.entries(systems).map(async ([name, settings]): Promise<[string, InboundSystem][]> => {
      const secrets = await Promise.all(verifyingFilesOf(settings).map((file) => readSecret(file)));
      return secrets.length === 0 ? [] : systemOf(name, settings, secrets, fetch);
    }),
  );
  return new Map(opened.flat());
}

/** The files of the secrets that verify what a system sends. */
export function verifyingFilesOf(settings: SystemSettings): readonly string[] {
  switch (settings.kind) {
    case 'slack':
      return settings.signingSecretFiles;
    case 'dingtalk':
      return settings.inboundSecretFiles;
    case 'jira':
    case 'servicenow':
      return settings.webhookSecretFiles;
    case 'mail':
      return [];
  }
}

function systemOf(
  name: string,
  settings: SystemSettings,
  secrets: readonly string[],
  fetch: typeof globalThis.fetch,
): [string, InboundSystem][] {
  switch (settings.kind) {
    case 'slack':
      return [[name, slackInteractivity(settings, secrets, { fetch })]];
    case 'dingtalk':
      for (const secret of secrets) assertForwardSecret(secret);
      return [[name, dingTalkInbound(name, secrets)]];
    case 'jira':
      return [[name, jira(secrets)]];
    case 'servicenow':
      return [[name, serviceNow(name, secrets)]];
    case 'mail':
      return [];
  }
}

function jira(secrets: readonly string[]): InboundSystem {
  return {
    verify({ raw, headers, now }): InboundVerdict {
      const read = verifyJiraWebhook({ raw, headers }, secrets, now);
      if ('refusal' in read) {
        const isUnread = read.refusal === 'malformed';
        return isUnread ? { kind: 'malformed', message: 'expected a webhook of Jira' } : { kind: 'refused' };
      }
      const { deliveryId, ticket } = read.hint;
      return ticket === null
        ? { kind: 'ignored' }
        : { kind: 'hint', deliveryId, tickets: [ticket.id, ticket.key] };
    },
  };
}

function serviceNow(name: string, secrets: readonly string[]): InboundSystem {
  const keys = secrets.map((secret) => {
    const key = webhookKey(secret);
    if (key !== null) return key;
    throw new CountersignError(
      'invalid_configuration',
      `a file of webhookSecretFiles of ${name} must hold base64 of 24 to 64 bytes`,
    );
  });
  return {
    verify(request): InboundVerdict {
      const read = verifyServiceNow(request, { keys, own: [] });
      if (read.kind === 'refused') return { kind: 'refused' };
      if (read.kind !== 'hint') return read;
      const { deliveryId, ticket, key } = read;
      return { kind: 'hint', deliveryId, tickets: key === null ? [ticket] : [ticket, key] };
    },
  };
}
