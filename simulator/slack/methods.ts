import { blocksFault, isObject, viewFault } from './block-rules.ts';
import type { Loose, SlackChannel, SlackMessage, SlackWorkspace } from './workspace.ts';
import { nextSerial, nextTs } from './workspace.ts';

/** What a method is asked with. */
export interface MethodCall {
  readonly workspace: SlackWorkspace;
  readonly args: Loose;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly limits: MethodLimits;
}

/** What the local endpoint limits, and how it lags. */
export interface MethodLimits {
  /** Posts to one channel in a second, with bursts of as many seconds as `burst` says; null: as many as come. */
  readonly posts: { readonly perSecond: number; readonly burst: number } | null;
  /** How long a new message is not in the history, ms. */
  readonly historyLagMs: number;
  /** How long a `trigger_id` lives, ms. */
  readonly triggerMs: number;
}

/** What a method answers: members beside `ok: true`, or an error; `retryAfter` (s) makes it a 429. */
export type MethodAnswer = Loose & { readonly error?: string; readonly retryAfter?: number };

/** A method of the Web API: the scopes of which it needs one (none: any token), and what it does. */
interface Method {
  readonly scopes: readonly string[];
  readonly answer: (call: MethodCall) => MethodAnswer;
}

/** The methods that are known here. */
export const methods: Readonly<Record<string, Method>> = {
  'auth.test': {
    scopes: [],
    answer: ({ workspace: { team, bot } }) => ({
      ...{ url: 'https://local.slack.com/', team: 'Local', team_id: team },
      ...{ user: bot.name, user_id: bot.user, bot_id: bot.id, is_enterprise_install: false },
    }),
  },
  'users.info': {
    scopes: ['users:read'],
    answer: ({ workspace, args }) => {
      const user = workspace.users.find(({ id }) => id === args['user']);
      if (user === undefined) return { error: 'user_not_found' };
      const { id, team, name } = user;
      return { user: { id, team_id: team, name, deleted: false, is_bot: false } };
    },
  },
  'chat.postMessage': { scopes: ['chat:write'], answer: postMessage },
  'chat.update': { scopes: ['chat:write'], answer: updateMessage },
  'chat.postEphemeral': { scopes: ['chat:write'], answer: postEphemeral },
  'conversations.history': { scopes: ['channels:history', 'groups:history'], answer: readHistory },
  'views.open': { scopes: [], answer: openView },
};

/** A channel that can be written to, or why it cannot. */
function openChannel({ workspace, args }: MethodCall): SlackChannel | { readonly error: string } {
  const channel = workspace.channels.find(({ id }) => id === args['channel']);
  if (channel === undefined) return { error: 'channel_not_found' };
  if (!channel.isMember) return { error: 'not_in_channel' };
  return channel.isArchived ? { error: 'is_archived' } : channel;
}

function contentFault({ text, blocks, metadata }: Loose): MethodAnswer | null {
  if ((typeof text !== 'string' || text === '') && blocks === undefined) return { error: 'no_text' };
  if (typeof text === 'string' && text.length > 40_000) return { error: 'msg_too_long' };
  const fault = blocks === undefined ? null : blocksFault(blocks, 50);
  if (fault !== null) return { error: 'invalid_blocks', response_metadata: { messages: [fault] } };
  const isKept =
    metadata === undefined ||
    (isObject(metadata) && typeof metadata['event_type'] === 'string' && isObject(metadata['event_payload']));
  return isKept ? null : { error: 'invalid_metadata_format' };
}

/** Seconds to wait before the next post to the channel; null where it may be posted now. */
function waitToPost(channel: SlackChannel, now: number, { posts }: MethodLimits): number | null {
  if (posts === null) return null;
  const windowMs = 1000 * posts.burst;
  channel.posts = channel.posts.filter((at) => at > now - windowMs);
  const oldest = channel.posts[0] ?? now;
  if (channel.posts.length < posts.perSecond * posts.burst) return null;
  return Math.max(1, Math.ceil((oldest + windowMs - now) / 1000));
}

function postMessage(call: MethodCall): MethodAnswer {
  const { workspace, args, now, limits } = call;
  const channel = openChannel(call);
  if ('error' in channel) return channel;
  const fault = contentFault(args);
  if (fault !== null) return fault;
  const { thread_ts: thread } = args;
  if (thread !== undefined && !channel.messages.some(({ ts }) => ts === thread)) {
    return { error: 'thread_not_found' };
  }
  const retryAfter = waitToPost(channel, now, limits);
  if (retryAfter !== null) return { error: 'ratelimited', retryAfter };
  channel.posts.push(now);
  const ts = nextTs(workspace, now);
  const message: SlackMessage = {
    ...{ ts, user: workspace.bot.user, bot_id: workspace.bot.id, edits: 0 },
    thread_ts: typeof thread === 'string' ? thread : null,
    isBroadcast: isTrue(args['reply_broadcast']),
    ...contentOf(args),
  };
  channel.messages.push(message);
  return { channel: channel.id, ts, message: shownMessage(workspace, message, false) };
}

function updateMessage(call: MethodCall): MethodAnswer {
  const { workspace, args } = call;
  const channel = openChannel(call);
  if ('error' in channel) return channel;
  const fault = contentFault(args);
  if (fault !== null) return fault;
  const at = channel.messages.findIndex(({ ts }) => ts === args['ts']);
  const before = channel.messages[at];
  if (before === undefined) return { error: 'message_not_found' };
  if (before.bot_id !== workspace.bot.id) return { error: 'cant_update_message' };
  const { metadata, ...content } = contentOf(args);
  const after = { ...before, ...content, metadata: metadata ?? before.metadata, edits: before.edits + 1 };
  channel.messages[at] = after;
  return {
    channel: channel.id,
    ts: after.ts,
    text: after.text,
    message: shownMessage(workspace, after, false),
  };
}

function postEphemeral(call: MethodCall): MethodAnswer {
  const { workspace, args, now } = call;
  const channel = openChannel(call);
  if ('error' in channel) return channel;
  const { user, text } = args;
  if (!workspace.users.some(({ id }) => id === user)) return { error: 'user_not_in_channel' };
  const fault = contentFault(args);
  if (fault !== null) return fault;
  channel.ephemerals.push({ user: String(user), text: typeof text === 'string' ? text : '' });
  return { message_ts: nextTs(workspace, now) };
}

function readHistory({ workspace, args, now, limits }: MethodCall): MethodAnswer {
  const channel = workspace.channels.find(({ id }) => id === args['channel']);
  if (channel === undefined) return { error: 'channel_not_found' };
  if (!channel.isMember) return { error: 'not_in_channel' };
  const number = (name: string, otherwise: number) =>
    args[name] === undefined ? otherwise : Number(args[name]);
  const [oldest, latest] = [number('oldest', 0), number('latest', Number.MAX_VALUE)];
  const inclusive = isTrue(args['inclusive']);
  const limit = number('limit', 100);
  if (!(limit >= 1 && limit <= 999)) return { error: 'invalid_limit' };
  const { cursor = '' } = args;
  const start =
    cursor === '' ? 0 : Number(Buffer.from(String(cursor), 'base64').toString().slice('at:'.length));
  if (!Number.isInteger(start)) return { error: 'invalid_cursor' };
  const found = channel.messages
    .filter(({ thread_ts: thread, isBroadcast }) => thread === null || isBroadcast)
    .filter(({ ts }) => Number(ts) * 1000 <= now - limits.historyLagMs)
    .filter(({ ts }) => {
      const at = Number(ts);
      return inclusive ? at >= oldest && at <= latest : at > oldest && at < latest;
    })
    .reverse();
  const hasMore = start + limit < found.length;
  const next = hasMore ? Buffer.from(`at:${start + limit}`).toString('base64') : '';
  return {
    messages: found
      .slice(start, start + limit)
      .map((message) => shownMessage(workspace, message, isTrue(args['include_all_metadata']))),
    has_more: hasMore,
    response_metadata: { next_cursor: next },
  };
}

function openView({ workspace, args, now, limits }: MethodCall): MethodAnswer {
  const { trigger_id: id, view } = args;
  const trigger = Object.hasOwn(workspace.triggers, String(id)) ? workspace.triggers[String(id)] : undefined;
  if (trigger === undefined) return { error: 'invalid_trigger_id' };
  if (trigger.used) return { error: 'exchanged_trigger_id' };
  if (now - trigger.at > limits.triggerMs) return { error: 'expired_trigger_id' };
  const fault = viewFault(view);
  if (fault !== null) return { error: 'invalid_arguments', response_metadata: { messages: [fault] } };
  trigger.used = true;
  const serial = nextSerial(workspace);
  const opened = {
    id: `V${serial}`,
    user: trigger.user,
    view: view as Loose,
    hash: `${now}.${serial}`,
    errors: {},
  };
  workspace.views.push(opened);
  return { view: { ...opened.view, id: opened.id, hash: opened.hash, team_id: workspace.team } };
}

function contentOf({ text, blocks, metadata }: Loose): Pick<SlackMessage, 'text' | 'blocks' | 'metadata'> {
  return {
    text: typeof text === 'string' ? text : '',
    blocks: (blocks ?? []) as readonly Loose[],
    metadata: (metadata ?? null) as Loose | null,
  };
}

/** A message as an answer has it: of its metadata only the type, unless all is asked for. */
export function shownMessage(
  { app, team }: SlackWorkspace,
  { ts, user, bot_id, text, blocks, metadata, edits, thread_ts, isBroadcast }: SlackMessage,
  allMetadata: boolean,
): Loose {
  const subtype = thread_ts !== null && isBroadcast ? 'thread_broadcast' : undefined;
  return {
    ...{ type: 'message', subtype, ts, user, bot_id, app_id: app, team, text, blocks },
    ...(thread_ts !== null && { thread_ts }),
    ...(edits > 0 && { edited: { user, ts } }),
    ...(metadata && { metadata: allMetadata ? metadata : { event_type: metadata['event_type'] } }),
  };
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true' || value === '1' || value === 1;
}
