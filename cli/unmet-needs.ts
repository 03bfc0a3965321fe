import type { PinnedPolicy } from '../domain/policy.ts';
import { shownText } from '../domain/shown-text.ts';
import { unreadSystems } from '../policies/unread-tickets.ts';
import type { Integrations, SystemSettings } from '../tickets/integrations.ts';
import type { Finding } from './finding.ts';
import { verifyingFilesOf } from './inbound-systems.ts';

type Asking = Pick<PinnedPolicy, 'name' | 'ticket' | 'channels'>;

/**
 * What policies and subscriptions need of the systems and what the file of COUNTERSIGN_INTEGRATIONS does not have, each as a
 * finding. Nothing is asked or read for it.
 *
 * @param read - the names of the systems that tickets are read of
 */
export function unmetNeeds(
  { systems, subscriptions }: Integrations,
  policies: readonly Asking[],
  read: readonly string[],
): Finding[] {
  const settingsOf = (system: string) => (Object.hasOwn(systems, system) ? systems[system] : undefined);
  const unread = unreadSystems(policies, read).map(({ system, policies: asking }) =>
    missing(
      'Tickets of policies',
      `${listed(asking)}: asks for tickets of ${shownText(system)}, which is no ticket system of COUNTERSIGN_INTEGRATIONS`,
      'add the system to that file, or correct the policy',
    ),
  );
  const unapproved = policies
    .filter(({ ticket }) => ticket?.approved === true && readsNoApprovals(settingsOf(ticket.system)))
    .map(({ name, ticket }) =>
      missing(
        'Tickets of policies',
        `${shownText(name)}: asks for approved tickets of ${shownText(ticket?.system ?? '')}, whose approvals are not read: each change is refused`,
        'set approvals: true of the system in COUNTERSIGN_INTEGRATIONS, or take approved out of the policy',
      ),
    );
  const unheard = policies.flatMap(({ name, channels = [] }) =>
    channels
      .filter((channel) => !isHeard(settingsOf(channel.name)))
      .map((channel) =>
        missing(
          'Channels of policies',
          `${shownText(name)}: takes decisions from ${shownText(channel.name)}, which COUNTERSIGN_INTEGRATIONS does not have with a secret that verifies them`,
          'add the system and its secret to that file, or correct the policy',
        ),
      ),
  );
  const unwritten = subscriptions.flatMap(({ name, to }) => {
    const member = 'system' in to ? missingLoginOf(settingsOf(to.system)) : null;
    return member === null || !('system' in to)
      ? []
      : [
          missing(
            'Subscriptions',
            `${name}: brings entries to ${to.system}, which has no ${member}: no deliverer starts`,
            `set ${member} of the system in COUNTERSIGN_INTEGRATIONS, or take the subscription out`,
          ),
        ];
  });
  return [...unread, ...unapproved, ...unheard, ...unwritten];
}

function readsNoApprovals(settings: SystemSettings | undefined): boolean {
  return settings?.kind === 'jira' && !settings.approvals;
}

/** Whether people decide in it, and the API can tell that it is they. */
function isHeard(settings: SystemSettings | undefined): boolean {
  const isChat = settings?.kind === 'slack' || settings?.kind === 'dingtalk';
  return isChat && verifyingFilesOf(settings).length > 0;
}

/** The member without which nothing can be written there. */
function missingLoginOf(settings: SystemSettings | undefined): 'write' | 'tokenFile' | null {
  switch (settings?.kind) {
    case 'jira':
    case 'servicenow':
      return settings.write === undefined ? 'write' : null;
    case 'slack':
      return settings.tokenFile === undefined ? 'tokenFile' : null;
    case 'dingtalk':
    case 'mail':
    case undefined:
      return null;
  }
}

function listed(names: readonly string[]): string {
  return names.map(shownText).join(', ');
}

function missing(name: string, found: string, remedy: string): Finding {
  return { name, ok: false, found, remedy };
}
