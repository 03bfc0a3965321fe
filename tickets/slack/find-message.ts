import { z } from 'zod';
import { RemoteError } from '../remote-error.ts';
import { markOf, metadataType } from './message.ts';
import type { CallSlack } from './web-api.ts';
import { slackError } from './web-api.ts';

const authSchema = z.looseObject({ bot_id: z.string().optional(), user_id: z.string() });

const messageSchema = z.looseObject({
  ts: z.string().max(50),
  user: z.string().optional(),
  bot_id: z.string().optional(),
  metadata: z
    .looseObject({
      event_type: z.string(),
      event_payload: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
  blocks: z.array(z.looseObject({ block_id: z.string().optional() })).optional(),
});

const historySchema = z.looseObject({
  messages: z.array(z.unknown()),
  has_more: z.boolean().optional(),
  response_metadata: z.looseObject({ next_cursor: z.string().optional() }).optional(),
});

/** Most pages of 200 messages that are looked through. */
const mostPages = 20;

/** Which message is looked for. */
export interface Sought {
  readonly channel: string;
  readonly changeId: string;
  readonly subscription: string;
  /** When it was posted, if it was: at the earliest and at the latest, ms since the epoch. */
  readonly since: number;
  readonly until: number;
}

/**
 * The `ts` of our own messages of a change, the oldest first. Only what our own app posted counts: a message of somebody else
 * may carry the same metadata.
 *
 * @throws RemoteError where that could not be learned for certain
 */
export async function findMessages(call: CallSlack, sought: Sought, signal: AbortSignal): Promise<string[]> {
  const own = await ask(call, 'auth.test', {}, authSchema, signal);
  const found: string[] = [];
  let cursor = '';
  for (let page = 0; page < mostPages; page += 1) {
    const history = await ask(
      call,
      'conversations.history',
      {
        channel: sought.channel,
        oldest: (sought.since / 1000).toFixed(6),
        latest: (sought.until / 1000).toFixed(6),
        inclusive: true,
        include_all_metadata: true,
        limit: 200,
        ...(cursor !== '' && { cursor }),
      },
      historySchema,
      signal,
    );
    for (const one of history.messages) {
      const { data } = messageSchema.safeParse(one);
      if (data !== undefined && isOwn(data, own) && isOf(data, sought)) found.push(data.ts);
    }
    cursor = history.response_metadata?.next_cursor ?? '';
    if (cursor === '') {
      if (history.has_more === true) break;
      return found.sort((a, b) => Number(a) - Number(b));
    }
  }
  throw new RemoteError('failed', 'the history of the Slack channel could not be read to its end');
}

type Message = z.infer<typeof messageSchema>;

function isOwn({ bot_id: bot, user }: Message, own: z.infer<typeof authSchema>): boolean {
  return own.bot_id === undefined ? user === own.user_id : bot === own.bot_id;
}

function isOf({ metadata, blocks = [] }: Message, { changeId, subscription }: Sought): boolean {
  const payload = metadata?.event_type === metadataType ? metadata.event_payload : undefined;
  if (payload !== undefined) {
    return payload['change'] === changeId && payload['subscription'] === subscription;
  }
  return blocks.some(({ block_id: id }) => id === markOf(subscription, changeId));
}

async function ask<T>(
  call: CallSlack,
  method: string,
  args: Parameters<CallSlack>[1],
  schema: z.ZodType<T>,
  signal: AbortSignal,
): Promise<T> {
  const answer = await call(method, args, signal);
  if (!answer.ok) throw slackError(method, answer.error);
  const { success, data } = schema.safeParse(answer.body);
  if (!success) throw new RemoteError('unreachable', `Slack's answer to ${method} is not as documented`);
  return data;
}
