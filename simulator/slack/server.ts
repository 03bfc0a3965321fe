import type { Answer } from '../answer.ts';
import type { Incoming } from '../incoming.ts';
import { problemAnswer } from '../problem.ts';
import { jsonAnswer, startRestEndpoint } from '../rest-endpoint.ts';
import type { RestEndpoint, RestEndpointOptions } from '../rest-endpoint.ts';
import { isObject } from './block-rules.ts';
import type { MethodCall, MethodLimits } from './methods.ts';
import { methods } from './methods.ts';
import { slackPage } from './page.ts';
import { applyAnswer, pressOf, sendInteraction, submissionOf } from './people.ts';
import type { Interactivity } from './people.ts';
import type { Loose, SlackUser, SlackWorkspace } from './workspace.ts';
import { newWorkspace } from './workspace.ts';

/** How to start a local Slack. */
export interface SlackOptions extends Pick<RestEndpointOptions, 'port' | 'tls'> {
  /** The app's bot token; default `local-slack-token`. */
  readonly token?: string;
  /** What the token may do; default `chat:write` and `channels:history`. */
  readonly scopes?: readonly string[];
  /** Signs what people do; default `local-slack-signing-secret`. */
  readonly signingSecret?: string;
  readonly team?: string;
  readonly users?: readonly SlackUser[];
  readonly channels?: readonly { readonly id: string; readonly name: string }[];
  /** Where presses and modals are sent; until it is set (`PUT /_sim/interactivity`) nothing is. */
  readonly interactivityUrl?: string | null;
  readonly limits?: Partial<MethodLimits>;
  /** Milliseconds since the epoch; default the machine's clock. */
  readonly clock?: () => number;
}

/** A running local Slack. */
export interface RunningSlack extends RestEndpoint {
  readonly team: string;
  /** What it holds, as it is now. */
  readonly workspace: SlackWorkspace;
}

const defaultLimits: MethodLimits = { posts: { perSecond: 1, burst: 20 }, historyLagMs: 0, triggerMs: 3000 };
const responseUrlMs = 30 * 60_000;

/**
 * A local endpoint that speaks Slack's Web API and does what people do: they press buttons (`POST /_sim/clicks`) and send
 * modals off (`POST /_sim/submissions`). It listens on loopback alone; see docs/slack.md.
 */
export async function startSlack(options: SlackOptions = {}): Promise<RunningSlack> {
  const { token = 'local-slack-token', signingSecret = 'local-slack-signing-secret' } = options;
  const { scopes = ['chat:write', 'channels:history'], clock = Date.now } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const team = options.team ?? 'T0LOCAL';
  const workspace = newWorkspace({
    team,
    users: options.users ?? ['alice', 'bob', 'carol'].map((name) => ({ ...userOf(name), team })),
    channels: options.channels ?? [{ id: 'C0CHANGES', name: 'changes' }],
  });
  let interactivityUrl = options.interactivityUrl ?? null;

  function callMethod(name: string, incoming: Incoming, dryRun: boolean): Answer {
    const headers = { 'x-oauth-scopes': scopes.join(',') };
    const refusal = (error: string, more: Loose = {}) =>
      jsonAnswer({ ok: false, error, ...more }, 200, headers);
    const args = argumentsOf(incoming);
    if (args === null) return refusal('invalid_json');
    const bearer = /^Bearer (.+)$/.exec(incoming.headers.authorization ?? '')?.[1] ?? args['token'];
    if (bearer === undefined) return refusal('not_authed');
    if (bearer !== token) return refusal('invalid_auth');
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (method === undefined) return refusal('unknown_method');
    const needed = method.scopes;
    if (needed.length > 0 && !needed.some((scope) => scopes.includes(scope))) {
      return refusal('missing_scope', { needed: needed.join(','), provided: scopes.join(',') });
    }
    const of = dryRun ? structuredClone(workspace) : workspace;
    const call: MethodCall = { workspace: of, args, now: clock(), limits };
    const { retryAfter, ...answer } = method.answer(call);
    if (retryAfter !== undefined) {
      return jsonAnswer({ ok: false, ...answer }, 429, { ...headers, 'retry-after': String(retryAfter) });
    }
    return jsonAnswer({ ok: answer.error === undefined, ...answer }, 200, headers);
  }

  /** An answer to a press, at the address that came with it. */
  function respond({ path, body }: Incoming): Answer {
    const to = Object.hasOwn(workspace.responseUrls, path) ? workspace.responseUrls[path] : undefined;
    if (to === undefined || to.uses >= 5 || clock() - to.at > responseUrlMs) {
      return jsonAnswer({ ok: false, error: 'used_url' }, 404);
    }
    to.uses += 1;
    const said = JSON.parse(body.toString('utf8')) as Loose;
    const channel = workspace.channels.find(({ id }) => id === to.channel);
    if (said['replace_original'] !== true) {
      channel?.ephemerals.push({ user: to.user, text: String(said['text']) });
    }
    return { status: 200, contentType: 'text/plain; charset=utf-8', body: 'ok' };
  }

  function route(incoming: Incoming, dryRun: boolean): Answer {
    const name = /^\/api\/([A-Za-z.]+)$/.exec(incoming.path)?.[1];
    if (name !== undefined) return callMethod(name, incoming, dryRun);
    if (incoming.method === 'POST' && incoming.path.startsWith('/actions/')) return respond(incoming);
    return { status: 404, contentType: 'text/html; charset=utf-8', body: '<h1>Not found</h1>' };
  }

  function interactivity(): Interactivity | null {
    return interactivityUrl === null
      ? null
      : { url: interactivityUrl, signingSecret, now: clock(), answerMs: 3000 };
  }

  async function click(incoming: Incoming): Promise<Answer> {
    const { user, channel = workspace.channels[0]?.id, ts, actionId } = bodyOf(incoming);
    const to = interactivity();
    if (to === null) return problemAnswer(422, 'No interactivity URL is set.');
    const last = workspace.channels.find(({ id }) => id === channel)?.messages.at(-1)?.ts;
    const press = {
      ...{ user: String(user), channel: String(channel) },
      ...{ ts: typeof ts === 'string' ? ts : String(last), actionId: String(actionId) },
    };
    const payload = pressOf(workspace, press, to.now, endpoint.url);
    if (payload === null) return problemAnswer(404, 'No such button, message, channel or person.');
    return jsonAnswer({ ...(await sendInteraction(payload, to)), payload });
  }

  async function submit(incoming: Incoming): Promise<Answer> {
    const { user, viewId, comment = null } = bodyOf(incoming);
    const to = interactivity();
    if (to === null) return problemAnswer(422, 'No interactivity URL is set.');
    const mine = workspace.views.filter((view) => view.user === user);
    const shown = viewId === undefined ? mine.at(-1) : mine.find(({ id }) => id === viewId);
    const said = typeof comment === 'string' ? comment : null;
    const payload = shown === undefined ? null : submissionOf(workspace, shown, said, to.now);
    if (shown === undefined || payload === null) return problemAnswer(404, 'This person has no such modal.');
    const sent = await sendInteraction(payload, to);
    applyAnswer(workspace, shown, sent);
    return jsonAnswer({ ...sent, payload });
  }

  const endpoint: RestEndpoint = await startRestEndpoint({
    ...(options.port === undefined ? {} : { port: options.port }),
    tls: options.tls,
    route,
    page: () => slackPage(workspace),
    control: {
      'GET /_sim/workspace': () => jsonAnswer(workspace),
      'POST /_sim/clicks': click,
      'POST /_sim/submissions': submit,
      'PUT /_sim/interactivity': (incoming) => {
        const { url } = bodyOf(incoming);
        interactivityUrl = typeof url === 'string' ? url : null;
        return jsonAnswer({ url: interactivityUrl });
      },
      'PUT /_sim/channels': (incoming) => {
        const { id, isMember, isArchived } = bodyOf(incoming);
        const channel = workspace.channels.find((one) => one.id === id);
        if (channel === undefined) return problemAnswer(404, 'No such channel.');
        if (typeof isMember === 'boolean') channel.isMember = isMember;
        if (typeof isArchived === 'boolean') channel.isArchived = isArchived;
        return jsonAnswer(channel);
      },
      'DELETE /_sim/messages': (incoming) => {
        const { channel: of, ts } = bodyOf(incoming);
        const channel = workspace.channels.find((one) => one.id === of);
        if (channel) channel.messages = channel.messages.filter((message) => message.ts !== ts);
        return jsonAnswer({ messages: channel?.messages.length ?? 0 });
      },
    },
  });
  return { ...endpoint, team, workspace };
}

function userOf(name: string): { readonly id: string; readonly name: string } {
  return { id: `U0${name.toUpperCase()}`, name };
}

function bodyOf({ body }: Incoming): Loose {
  const sent = JSON.parse(body.toString('utf8')) as unknown;
  return isObject(sent) ? sent : {};
}

const structured = new Set(['blocks', 'metadata', 'view', 'attachments']);

/** Arguments of the query, of a form or of a JSON body; null where JSON is broken. */
function argumentsOf({ query, form, headers, body }: Incoming): Loose | null {
  const isJson = /^application\/json\b/i.test(headers['content-type'] ?? '');
  try {
    const sent: unknown = isJson && body.length > 0 ? JSON.parse(body.toString('utf8')) : {};
    const pairs = [...query, ...form].map(([name, value]): [string, unknown] => [
      name,
      structured.has(name) ? (JSON.parse(value) as unknown) : value,
    ]);
    return { ...Object.fromEntries(pairs), ...(isObject(sent) ? sent : {}) };
  } catch {
    return null;
  }
}
