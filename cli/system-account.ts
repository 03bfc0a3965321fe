import type { SystemSettings } from '../tickets/integrations.ts';
import { dingTalkAccount } from '../tickets/dingtalk/open.ts';
import { checkMailServer } from '../tickets/mail/transport.ts';
import { slackAccount } from '../tickets/slack/account.ts';
import type { Account } from '../tickets/ticket-system.ts';
import type { Environment } from './environment.ts';
import { readSecret } from './secret-file.ts';
import { wayOut } from './way-out.ts';

/**
 * As whom this installation is known to a chat or a mail server, and what it may do there; null where nothing but a message
 * would tell, or no login is configured.
 *
 * @throws RemoteError, CountersignError `invalid_configuration` for a secret that cannot be read
 */
export async function systemAccount(
  env: Environment,
  settings: SystemSettings,
  signal: AbortSignal,
): Promise<Account | null> {
  const { fetch } = wayOut(env);
  switch (settings.kind) {
    case 'slack': {
      const { url, tokenFile, channel, team } = settings;
      if (tokenFile === undefined) return null;
      return await slackAccount(
        { url, token: await readSecret(tokenFile), fetch },
        { channel, team },
        signal,
      );
    }
    case 'dingtalk':
      return await dingTalkAccount(settings, { fetch, secret: readSecret, now: Date.now }, signal);
    case 'mail': {
      const { user, passwordFile, host } = settings;
      const password = passwordFile === undefined ? null : await readSecret(passwordFile);
      await checkMailServer(settings, password, signal);
      return { id: user ?? host, name: user ?? host, rights: [] };
    }
    case 'jira':
    case 'servicenow':
      return null;
  }
}
