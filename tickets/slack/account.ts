import { z } from 'zod';
import { RemoteError } from '../remote-error.ts';
import type { Account } from '../ticket-system.ts';
import type { SlackAccess } from './web-api.ts';
import { slackCaller, slackError } from './web-api.ts';

const ownSchema = z.looseObject({
  user_id: z.string().max(50),
  user: z.string().max(200).default(''),
  team_id: z.string().max(50).optional(),
  enterprise_id: z.string().max(50).nullish(),
});

/**
 * Who the token belongs to and what it may do, for `countersign doctor`. The history is read once, of one message, since that
 * also tells whether the app is in the channel.
 *
 * @throws RemoteError
 */
export async function slackAccount(
  access: SlackAccess,
  { channel, team }: { readonly channel: string; readonly team: string },
  signal: AbortSignal,
): Promise<Account> {
  const call = slackCaller(access);
  const own = await call('auth.test', {}, signal);
  if (!own.ok) throw slackError('auth.test', own.error);
  const { success, data } = ownSchema.safeParse(own.body);
  if (!success) throw new RemoteError('unreachable', "Slack's answer to auth.test is not as documented");
  const history = await call('conversations.history', { channel, limit: 1 }, signal);
  const { user_id: id, user: name, team_id: ownTeam, enterprise_id: enterprise } = data;
  return {
    id,
    name,
    rights: [
      { name: 'chat:write', has: own.scopes.includes('chat:write') },
      {
        name: history.ok ? 'history of the channel' : `history of the channel (${history.error})`,
        has: history.ok,
      },
      { name: `workspace ${team}`, has: ownTeam === team || enterprise === team },
    ],
  };
}
